"""Shapes of requests and answers about keys. No answer but that of `reveal` has a field for an encrypted value."""

from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, StrictSerializer, Text
from apps.keys.refs import MAX_NAME

_DESCRIPTION_CHARS = 2000


class _SaidSerializer(StrictSerializer):
    description = Text(max_length=_DESCRIPTION_CHARS, required=False, allow_blank=True)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="from then on nobody is given it; null: never"
    )


class KeyChangeSerializer(_SaidSerializer):
    """Another value is set with PUT."""


class KeyValueSerializer(_SaidSerializer):
    value = serializers.JSONField(allow_null=True, help_text="any JSON value of at most 64 KiB")
    encrypted = Flag(required=False, help_text="false: no secret; it is shown and not masked. Default: true")


class NewKeySerializer(KeyValueSerializer):
    name = Text(max_length=MAX_NAME)
    pack = Text(max_length=100, required=False, help_text="ref of the pack whose key it is")
    action = Text(max_length=255, required=False, help_text="ref of the action whose key it is")


class OwnerSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="system, pack, action, sensor or identity")
    ref = serializers.CharField()


class KeySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    ref = serializers.CharField(help_text="`name`, `pack:<ref>:name` or `action:<ref>:name`")
    name = serializers.CharField()
    owner = OwnerSerializer()
    description = serializers.CharField()
    encrypted = serializers.BooleanField()
    version = serializers.IntegerField(help_text="counts the values it has had")
    expires_at = serializers.DateTimeField(allow_null=True)
    expired = serializers.BooleanField()
    orphaned = serializers.BooleanField(help_text="its pack or action is gone; nobody is given it")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class KeyPageSerializer(serializers.Serializer[Any]):
    results = KeySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class VersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class OneKeySerializer(KeySerializer):
    value = serializers.JSONField(allow_null=True, help_text="of a key that is not encrypted; else null")
    versions = VersionSerializer(many=True, help_text="newest first; values of earlier ones are erased")


class WrittenKeySerializer(OneKeySerializer):
    warnings = serializers.ListField(child=serializers.CharField(), help_text="about the value, without repeating it")


class RevealedKeySerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    version = serializers.IntegerField()
    value = serializers.JSONField(allow_null=True)
