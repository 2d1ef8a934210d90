"""Shapes of action requests and answers."""

import base64
from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, JsonObjectField, Number, StrictSerializer, Text, something_of

#: What is larger than a pack's file may be is not worth keeping.
MAX_FILE_BYTES = 1024 * 1024


class CodeField(Text):
    """A program as it stands: no space is taken off it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **kwargs)


class _FileSerializer(StrictSerializer):
    """What an action's file says; the reader of action files checks it."""

    description = Text(required=False, allow_blank=True)
    runtime = Text(required=False)
    entry_point = Text(required=False, help_text="left out: the action's name, with the ending of its runtime")
    parameters = JsonObjectField(required=False, max_bytes=MAX_FILE_BYTES)
    output = JsonObjectField(required=False, max_bytes=MAX_FILE_BYTES)
    secrets = serializers.ListField(child=Text(), required=False)
    api = serializers.ListField(child=Text(), required=False)
    parameter_delivery = Text(required=False)
    parameter_format = Text(required=False)
    output_format = Text(required=False)
    timeout_s = Number(required=False)
    retry = JsonObjectField(required=False, max_bytes=MAX_FILE_BYTES)
    concurrency = JsonObjectField(required=False, max_bytes=MAX_FILE_BYTES)
    pool = Text(required=False)
    on_lost = Text(required=False)
    env = serializers.DictField(child=Text(allow_blank=True), required=False)
    code = CodeField(required=False, help_text="the program; left out, the entry point is in the pack already")
    code_base64 = CodeField(required=False, help_text="instead of `code`, for what is no text")

    def validate(self, attrs: Any) -> Any:
        """`code` comes out as bytes, whichever way it was sent."""
        if "code_base64" in attrs:
            if "code" in attrs:
                raise serializers.ValidationError({"code": ["either code or code_base64"]})
            attrs["code"] = _decoded(attrs.pop("code_base64"))
        elif "code" in attrs:
            attrs["code"] = attrs["code"].encode()
        return attrs


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise serializers.ValidationError({"code_base64": ["no Base64"]}) from error


class ActionReplaceSerializer(_FileSerializer):
    enabled = Flag(required=False, help_text="as the file is to say")


class ActionCreateSerializer(ActionReplaceSerializer):
    pack = Text(max_length=100, help_text="ref of an ad-hoc pack")
    name = Text(max_length=150)


class ActionChangeSerializer(_FileSerializer):
    enabled = Flag(required=False, allow_null=True, help_text="over the file's word; null: as the file says")

    def validate(self, attrs: Any) -> Any:
        return something_of(self, super().validate(attrs))


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
    warm = serializers.ChoiceField(
        choices=["auto", "off"],
        required=False,
        help_text="whether a warm server may fork it; not there for what was installed before there were any",
    )
    preload = serializers.ListField(child=serializers.CharField(), required=False)
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
