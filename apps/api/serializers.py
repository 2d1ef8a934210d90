"""What all serializers of requests share: unknown fields are errors, and plain JSON objects are bounded."""

from typing import Any

import orjson
from rest_framework import serializers

from apps.core.types import JsonObject
from apps.executions import limits


class Text(serializers.CharField):
    """JSON text; a number is not text that somebody forgot to quote."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Whole(serializers.IntegerField):
    """A JSON integer: not text, not `true`, not 1.0."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Number(serializers.FloatField):
    """A JSON number: not text, not `true`."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return float(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """`true` or `false`, not "no" and not 0; null where it is allowed."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictSerializer(serializers.Serializer[Any]):
    """A field that is not declared is an error that names it: `status` or `requested_by` in a body must not pass."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                known = ", ".join(self.fields)
                message = f"not a known field; known are {known}" if known else "this request takes no fields"
                raise serializers.ValidationError({name: [self._unknown(message)] for name in unknown})
        return super().to_internal_value(data)

    @staticmethod
    def _unknown(message: str) -> serializers.ErrorDetail:
        return serializers.ErrorDetail(message, code="unknown_field")


def something_of(serializer: StrictSerializer, attrs: Any) -> Any:
    """Of a change, whose fields are all optional, at least one. Raises `ValidationError`."""
    if not attrs:
        known = ", ".join(serializer.fields)
        raise serializers.ValidationError(f"nothing to change; known are {known}", code="required")
    return attrs


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


class ShortList(serializers.ListField):
    """A list whose length is looked at before its items: a mebibyte of empty objects is not worth reading."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            message = f"{len(data)} items; at most {self.max_length} are taken"
            raise serializers.ValidationError(message, code="max_length")
        return list(super().to_internal_value(data))


class LabelsField(serializers.DictField):
    """Not too many labels: short names to short text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=limits.MAX_LABEL_TEXT_CHARS, allow_blank=True), **kwargs)

    def to_internal_value(self, data: Any) -> JsonObject:
        labels: JsonObject = super().to_internal_value(data)
        if len(labels) > limits.MAX_LABELS or any(len(name) > limits.MAX_LABEL_NAME_CHARS for name in labels):
            most = f"at most {limits.MAX_LABELS} labels with names of at most {limits.MAX_LABEL_NAME_CHARS} characters"
            raise serializers.ValidationError(most, code="too_many")
        return labels
