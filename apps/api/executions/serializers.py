"""Shapes of execution requests and answers."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.api.serializers import JsonObjectField, LabelsField, Number, ShortList, StrictSerializer, Text
from apps.executions.limits import FURTHEST, MAX_PARAMETERS_BYTES
from apps.executions.models.pin import MOST_REASON_CHARS
from apps.executions.services.request import MAX_BATCH

#: Longest wait inside a request.
MAX_WAIT_S = 60


class NotBeforeField(serializers.DateTimeField):
    def to_internal_value(self, value: Any) -> Any:
        moment = super().to_internal_value(value)
        if moment > timezone.now() + FURTHEST:
            raise serializers.ValidationError("further away than ten years", code="too_late")
        return moment


class WishSerializer(StrictSerializer):
    action = Text(max_length=255)
    parameters = JsonObjectField(max_bytes=MAX_PARAMETERS_BYTES, required=False)
    labels = LabelsField(required=False)
    not_before = NotBeforeField(required=False, allow_null=True)


class RequestSerializer(WishSerializer):
    wait_s = Number(required=False, min_value=0, max_value=MAX_WAIT_S)


class BatchSerializer(StrictSerializer):
    executions = ShortList(child=WishSerializer(), allow_empty=False, max_length=MAX_BATCH)


class RerunSerializer(StrictSerializer):
    parameters = JsonObjectField(max_bytes=MAX_PARAMETERS_BYTES, required=False)


class PinRequestSerializer(StrictSerializer):
    reason = Text(max_length=MOST_REASON_CHARS)


class GateSerializer(serializers.Serializer[Any]):
    gate = serializers.IntegerField()
    policy = serializers.CharField()
    key = serializers.CharField(allow_null=True)
    limit = serializers.IntegerField(allow_null=True)
    window_s = serializers.FloatField(allow_null=True, help_text="of a rate; null where so many may run at a time")
    position = serializers.IntegerField(allow_null=True)
    waiting = serializers.IntegerField(allow_null=True)
    holding = serializers.IntegerField(allow_null=True)
    passed = serializers.IntegerField(allow_null=True, help_text="of a rate: how many passed within its window")
    estimate_s = serializers.FloatField(allow_null=True)


class PinSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class ExecutionSerializer(serializers.Serializer[Any]):
    """The answer's shape; `represent` makes it."""

    id = serializers.IntegerField()
    action = serializers.CharField()
    pack = serializers.CharField()
    pack_version = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.JSONField(allow_null=True)
    parameters = serializers.JSONField()
    result = serializers.JSONField(allow_null=True)
    error = serializers.JSONField(allow_null=True)
    exit_code = serializers.IntegerField(allow_null=True)
    signal = serializers.CharField(allow_null=True)
    attempt = serializers.IntegerField()
    max_attempts = serializers.IntegerField()
    retries = serializers.IntegerField(help_text="tries that failed before this attempt")
    losses = serializers.IntegerField(help_text="attempts that were lost with their worker; they use up no tries")
    labels = serializers.DictField(child=serializers.CharField())
    parent = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    rerun_of = serializers.IntegerField(allow_null=True)
    trace_id = serializers.UUIDField()
    requested_by = serializers.CharField(allow_null=True)
    worker = serializers.CharField(allow_null=True)
    pool = serializers.CharField()
    queue = serializers.CharField()
    gates = GateSerializer(many=True)
    not_before = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    scheduled_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_s = serializers.FloatField(allow_null=True)
    timeout_s = serializers.FloatField()
    pinned = PinSerializer(allow_null=True)
    logs_removed_at = serializers.DateTimeField(allow_null=True, help_text="by retention")
    artifacts_removed_at = serializers.DateTimeField(allow_null=True, help_text="by retention")
    links = serializers.DictField(child=serializers.CharField())


class ExecutionPageSerializer(serializers.Serializer[Any]):
    results = ExecutionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ExecutionsSerializer(serializers.Serializer[Any]):
    results = ExecutionSerializer(many=True)


class HistoryEntrySerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    attempt = serializers.IntegerField()
    at = serializers.DateTimeField()
    reason = serializers.JSONField(allow_null=True)
    worker = serializers.CharField(allow_null=True)


class HistorySerializer(serializers.Serializer[Any]):
    results = HistoryEntrySerializer(many=True)


class AttemptSerializer(serializers.Serializer[Any]):
    attempt = serializers.IntegerField()
    status = serializers.CharField(allow_null=True)
    worker = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.JSONField(
        allow_null=True,
        help_text="why another attempt followed, or nothing more: `retry`, `worker_lost`, `process_lost`, "
        "`claim_lost`, `interrupted`, …",
    )
    exit_code = serializers.IntegerField(allow_null=True)
    signal = serializers.CharField(allow_null=True)
    error = serializers.JSONField(allow_null=True)
    duration_s = serializers.FloatField(allow_null=True)
    logs = serializers.JSONField(allow_null=True)
    start = serializers.ChoiceField(
        choices=["warm", "cold"],
        allow_null=True,
        help_text="`warm`: its process was forked by a warm server; null until it has ended",
    )


class AttemptsSerializer(serializers.Serializer[Any]):
    results = AttemptSerializer(many=True)


class ArtifactSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    attempt = serializers.IntegerField()
    size_bytes = serializers.IntegerField()
    modified_at = serializers.DateTimeField()
    link = serializers.CharField()


class ArtifactPageSerializer(serializers.Serializer[Any]):
    results = ArtifactSerializer(many=True)
    next = serializers.CharField(allow_null=True)
