"""Environments in requests and answers."""

from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, StrictSerializer, Whole

#: Generations that a cleanup keeps, at most.
_MOST_KEPT = 100


class EnvironmentSerializer(serializers.Serializer[Any]):
    pack = serializers.CharField()
    runtime = serializers.CharField()
    volume = serializers.CharField()
    status = serializers.CharField()
    generation = serializers.IntegerField()
    dependencies = serializers.ListField(child=serializers.CharField())
    packages = serializers.DictField(child=serializers.CharField())
    version = serializers.CharField()
    interpreter = serializers.CharField(help_text="the base one")
    executable = serializers.CharField(allow_null=True, help_text="what runs actions, on hosts that see the volume")
    dependency_hash = serializers.CharField()
    size_bytes = serializers.IntegerField(help_text="of the generation that serves")
    disk_bytes = serializers.IntegerField(help_text="of all generations")
    needs_update = serializers.BooleanField(help_text="something else is wanted than what serves, or nothing serves")
    problems = serializers.ListField(child=serializers.CharField(), help_text="what was found broken, validated last")
    validated_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    log = serializers.CharField(required=False)
    built_by = serializers.CharField(allow_null=True)
    installed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


class EnvironmentPageSerializer(serializers.Serializer[Any]):
    results = EnvironmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AskedSerializer(serializers.Serializer[Any]):
    volumes = serializers.IntegerField(help_text="volumes whose workers were asked; with 0, no worker is there")


class VolumeUsageSerializer(serializers.Serializer[Any]):
    volume = serializers.CharField()
    environments = serializers.IntegerField()
    disk_bytes = serializers.IntegerField()


class UsageSerializer(serializers.Serializer[Any]):
    disk_bytes = serializers.IntegerField(
        help_text="of all generations on all volumes; caches of installers not counted"
    )
    volumes = VolumeUsageSerializer(many=True)


class ValidateSerializer(StrictSerializer):
    repair = Flag(default=False, help_text="build it anew if it is broken or not what is wanted")


class CleanupSerializer(StrictSerializer):
    keep_recent = Whole(default=3, min_value=0, max_value=_MOST_KEPT, help_text="newest generations that stay, of each")
