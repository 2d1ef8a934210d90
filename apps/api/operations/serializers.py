"""Shapes of operations."""

from typing import Any

from rest_framework import serializers


class OperationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.CharField()
    progress = serializers.IntegerField()
    steps = serializers.JSONField()
    outcome = serializers.JSONField(allow_null=True)
    error = serializers.JSONField(allow_null=True)
    requested_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    links = serializers.DictField(child=serializers.CharField())


class OperationPageSerializer(serializers.Serializer[Any]):
    results = OperationSerializer(many=True)
    next = serializers.CharField(allow_null=True)
