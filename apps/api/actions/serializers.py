"""Shapes of action requests and answers."""

from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, StrictSerializer


class ActionChangeSerializer(StrictSerializer):
    enabled = Flag(allow_null=True, help_text="null: as the pack's file says")


class ActionSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()
    pack = serializers.CharField()
    pack_version = serializers.CharField()
    description = serializers.CharField()
    runtime = serializers.CharField()
    enabled = serializers.BooleanField()
    enabled_override = serializers.BooleanField(allow_null=True)
    updated_at = serializers.DateTimeField()
    links = serializers.DictField(child=serializers.CharField())


class WholeActionSerializer(ActionSerializer):
    runtime_version = serializers.CharField(
        help_text="the range of the runtime's versions that its pack asks for; empty: any"
    )
    entry_point = serializers.CharField()
    function = serializers.CharField(allow_null=True)
    parameters = serializers.JSONField()
    output = serializers.JSONField(allow_null=True)
    secrets = serializers.ListField(child=serializers.CharField())
    parameter_delivery = serializers.CharField()
    parameter_format = serializers.CharField()
    output_format = serializers.CharField()
    timeout_s = serializers.FloatField(allow_null=True)
    retry = serializers.JSONField(allow_null=True, help_text="null: nothing, and a policy may say it")
    concurrency = serializers.JSONField(allow_null=True)
    pool = serializers.CharField()
    on_lost = serializers.CharField(
        help_text="what is lost with its worker goes back to its place (`requeue`, at most three times) or ends "
        "`abandoned` (`fail`)"
    )
    env = serializers.DictField(child=serializers.CharField())


class ActionPageSerializer(serializers.Serializer[Any]):
    results = ActionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class QueueStatsOfGateSerializer(serializers.Serializer[Any]):
    gate = serializers.IntegerField()
    policy = serializers.CharField()
    kind = serializers.CharField(help_text="concurrency or rate")
    key = serializers.CharField(
        allow_null=True, help_text="what its key came to; for administrators, null for everybody else"
    )
    key_digest = serializers.CharField(allow_null=True, help_text="tells gates of one policy apart, for everybody")
    limit = serializers.IntegerField(allow_null=True)
    window_s = serializers.FloatField(allow_null=True)
    passed = serializers.IntegerField(allow_null=True, help_text="of a rate: how many passed within its window")
    next_s = serializers.FloatField(allow_null=True, help_text="of a rate: seconds until the next may pass")
    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    oldest_waiting_s = serializers.FloatField(allow_null=True)
    avg_wait_s = serializers.FloatField(allow_null=True)
    total_enqueued = serializers.IntegerField()
    total_completed = serializers.IntegerField()


class QueueStatsSerializer(serializers.Serializer[Any]):
    action = serializers.CharField()
    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)
    oldest_waiting_s = serializers.FloatField(allow_null=True)
    avg_wait_s = serializers.FloatField(allow_null=True)
    total_enqueued = serializers.IntegerField()
    total_completed = serializers.IntegerField()
    gates = QueueStatsOfGateSerializer(many=True)
