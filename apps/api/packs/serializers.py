"""Shapes of pack requests and answers."""

from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, JsonObjectField, StrictSerializer, Text, something_of


class InstallSerializer(StrictSerializer):
    source = Text(max_length=4096, help_text="a path on the server, an archive or git address, a name in the index")  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    ref = Text(required=False, default="", max_length=200, help_text="branch, tag or commit; version in the index")
    force = Flag(required=False, default=False, help_text="replace a version whose content differs, or go down")
    dry_run = Flag(required=False, default=False, help_text="check everything, change nothing")


class UpgradeSerializer(StrictSerializer):
    ref = Text(required=False, default="", max_length=200, help_text="branch, tag or commit; version in the index")
    force = Flag(required=False, default=False, help_text="replace a version whose content differs, or go down")
    dry_run = Flag(required=False, default=False, help_text="check everything, change nothing")


class RollbackSerializer(StrictSerializer):
    version = Text(
        required=False, default="", max_length=100, help_text="or its digest; left out: the one installed before"
    )
    force = Flag(required=False, default=False, help_text="also where other packs need a newer version")


class _ManifestSerializer(StrictSerializer):
    """What pack.yaml of an ad-hoc pack says; the reader of pack.yaml checks it."""

    label = Text(required=False, max_length=255)  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    description = Text(required=False, max_length=10_000, allow_blank=True)
    version = Text(required=False, max_length=100, help_text="a semantic version")
    meta = JsonObjectField(required=False, max_bytes=64 * 1024)


class PackReplaceSerializer(_ManifestSerializer):
    version = Text(max_length=100, help_text="a semantic version")


class PackCreateSerializer(PackReplaceSerializer):
    ref = Text(max_length=100, help_text="lower case letters, digits and underscores, joined by dots")


class PackChangeSerializer(_ManifestSerializer):
    enabled = Flag(required=False)

    def validate(self, attrs: Any) -> Any:
        return something_of(self, attrs)


class PackVersionSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    digest = serializers.CharField()
    serves = serializers.BooleanField()
    source = serializers.CharField(allow_null=True, help_text="where it came from")  # type: ignore[assignment]  # as above
    commit = serializers.CharField(allow_null=True)
    files = serializers.IntegerField()
    size_bytes = serializers.IntegerField()
    installed_by = serializers.CharField(allow_null=True)
    installed_at = serializers.DateTimeField()


class PackVersionPageSerializer(serializers.Serializer[Any]):
    results = PackVersionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PackSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    description = serializers.CharField()
    enabled = serializers.BooleanField()
    version = serializers.CharField(allow_null=True)
    digest = serializers.CharField(allow_null=True)
    author = serializers.CharField(allow_null=True)
    keywords = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField(allow_null=True, help_text="where the current version came from")  # type: ignore[assignment]  # as above
    commit = serializers.CharField(allow_null=True, help_text="of git, where it came from there")
    ad_hoc = serializers.BooleanField(help_text="made through the API, and changed there")
    actions = serializers.IntegerField()
    installed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    links = serializers.DictField(child=serializers.CharField())


class IndexedPackSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()
    description = serializers.CharField()
    author = serializers.CharField()
    keywords = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField(help_text="of the archive or git repository")  # type: ignore[assignment]  # as above


class IndexSerializer(serializers.Serializer[Any]):
    results = IndexedPackSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="always null")


class PackPageSerializer(serializers.Serializer[Any]):
    results = PackSerializer(many=True)
    next = serializers.CharField(allow_null=True)
