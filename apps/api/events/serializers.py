"""The shapes of events and traces."""

from typing import Any

from rest_framework import serializers

from apps.api.executions.serializers import ExecutionSerializer
from apps.api.rules.serializers import EnforcementSerializer
from apps.api.serializers import JsonObjectField, StrictSerializer, Text
from apps.executions import limits
from apps.triggers.services.events import MAX_PAYLOAD_BYTES


class NewEventSerializer(StrictSerializer):
    type = Text(max_length=255, help_text="ref of the trigger")
    payload = JsonObjectField(max_bytes=MAX_PAYLOAD_BYTES, required=False)
    parameters = JsonObjectField(
        max_bytes=limits.MAX_PARAMETERS_BYTES,
        required=False,
        help_text="of the trigger: only rules with the same meet it",
    )
    dedupe_key = Text(max_length=255, required=False, help_text="sent again with the same key, it is the same event")


class ReplaySerializer(StrictSerializer):
    rule = Text(max_length=255, required=False, help_text="ref: only this rule meets the new event")


class EventSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    type = serializers.CharField(help_text="ref of the trigger")
    pack = serializers.CharField()
    parameters = serializers.JSONField()
    payload = serializers.JSONField()
    source = serializers.CharField(help_text="timer, webhook, sensor, api, internal or replay")  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    source_ref = serializers.CharField(allow_null=True)
    dedupe_key = serializers.CharField(allow_null=True)
    trace_id = serializers.CharField()
    depth = serializers.IntegerField(help_text="rules on the way to it")
    caused_by = serializers.IntegerField(allow_null=True, help_text="id of the execution")
    replay_of = serializers.IntegerField(allow_null=True)
    sent_by = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)
    links = serializers.JSONField()


class EventPageSerializer(serializers.Serializer[Any]):
    results = EventSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class VerdictSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    version = serializers.IntegerField()
    outcome = serializers.CharField(help_text="matched, criteria, error, backstop_not_needed or disabled")
    text = serializers.CharField()
    criterion = serializers.JSONField(allow_null=True, help_text="the first that said no, with both values")


class OneEventSerializer(EventSerializer):
    verdicts = VerdictSerializer(many=True, help_text="of the rules it met, those you may see")
    enforcements = EnforcementSerializer(many=True)


class TraceSerializer(serializers.Serializer[Any]):
    """Oldest first. `caused_by` of an event, `event` and `execution` of an enforcement join them."""

    trace_id = serializers.CharField()
    events = EventSerializer(many=True)
    enforcements = EnforcementSerializer(many=True)
    executions = ExecutionSerializer(many=True)
    is_cut = serializers.BooleanField(help_text="there are more than the first 500 of a kind")
