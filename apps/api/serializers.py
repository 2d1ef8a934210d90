"""What all serializers of requests share: unknown fields are errors, and plain JSON objects are bounded."""

from typing import Any

import orjson
from rest_framework import serializers

from apps.core.types import JsonObject


class StrictSerializer(serializers.Serializer[Any]):
    """A field that is not declared is an error that names it: `status` or `requested_by` in a body must not pass."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                known = ", ".join(self.fields)
                message = f"not a known field; known are {known}"
                raise serializers.ValidationError({name: [self._unknown(message)] for name in unknown})
        return super().to_internal_value(data)

    @staticmethod
    def _unknown(message: str) -> serializers.ErrorDetail:
        return serializers.ErrorDetail(message, code="unknown_field")


class JsonObjectField(serializers.DictField):
    """A JSON object of at most `max_bytes`. The parser has already refused what JSON or the database cannot hold."""

    def __init__(self, *, max_bytes: int, **kwargs: Any) -> None:
        self.max_bytes = max_bytes
        super().__init__(child=serializers.JSONField(), **kwargs)

    def to_internal_value(self, data: Any) -> JsonObject:
        if not isinstance(data, dict):
            raise serializers.ValidationError("a JSON object is expected", code="wrong_type")
        size = len(orjson.dumps(data))
        if size > self.max_bytes:
            raise serializers.ValidationError(f"{size} bytes; at most {self.max_bytes} are taken", code="too_large")
        return data


class LabelsField(serializers.DictField):
    """Up to 50 labels: short names to short text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=255, allow_blank=True), **kwargs)

    def to_internal_value(self, data: Any) -> JsonObject:
        labels: JsonObject = super().to_internal_value(data)
        if len(labels) > 50 or any(len(name) > 63 for name in labels):
            raise serializers.ValidationError("at most 50 labels with names of at most 63 characters", code="too_many")
        return labels
