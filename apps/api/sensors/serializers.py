"""Shapes of answers about sensors."""

from typing import Any

from rest_framework import serializers


class SensorSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    pack = serializers.CharField()
    description = serializers.CharField()
    enabled = serializers.BooleanField()
    state = serializers.CharField(help_text="starting, running, backing_off, stopped or no_place")
    reason = serializers.CharField(help_text="why it is in this state")
    since = serializers.DateTimeField(help_text="of the state")
    host = serializers.CharField(allow_null=True, help_text="the process that runs it")
    starts = serializers.IntegerField(help_text="processes so far; the number of the newest")
    failures = serializers.IntegerField(help_text="processes that ended badly, in a row")
    started_at = serializers.DateTimeField(allow_null=True)
    next_start_at = serializers.DateTimeField(allow_null=True)
    events = serializers.IntegerField(help_text="recorded so far")
    refused = serializers.IntegerField(help_text="lines that became no event")
    last_event_at = serializers.DateTimeField(allow_null=True)
    serves = serializers.IntegerField(help_text="triggers of it that rules listen to")
    updated_at = serializers.DateTimeField()
    links = serializers.DictField(child=serializers.CharField())


class WholeSensorSerializer(SensorSerializer):
    triggers = serializers.ListField(child=serializers.CharField())
    runtime = serializers.CharField()
    entry_point = serializers.CharField()
    secrets = serializers.ListField(child=serializers.CharField())
    poll_interval_s = serializers.FloatField(allow_null=True)
    poll_timeout_s = serializers.FloatField(allow_null=True, help_text="of one run; null for a program that goes on")
    on_demand = serializers.BooleanField(help_text="it runs only while some rule listens")
    last_refusal = serializers.CharField()
    stderr = serializers.CharField(help_text="what its last process that ended wrote last")
    logs = serializers.ListField(child=serializers.IntegerField(), help_text="processes whose log is kept")


class SensorPageSerializer(serializers.Serializer[Any]):
    results = SensorSerializer(many=True)
    next = serializers.CharField(allow_null=True)
