"""JSON Schema for parameters and results: declared property by property, with marks of our own beside the standard.

A declaration is `{name: schema}`; besides the standard's words a schema may carry `required`, `secret`, `immutable`
and `position`. `ObjectSchema` compiles it once; messages name the place and what was expected, never a secret's value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import jsonschema_rs
import orjson

from apps.core.errors import FieldError
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import escape

#: Words of ours that stand beside JSON Schema's in a declared property.
MARKS = frozenset({"required", "secret", "immutable", "position"})
MASK = "***"


@dataclass(frozen=True)
class ObjectSchema:
    """The declared properties of an object; anything not declared is refused."""

    properties: Mapping[str, JsonObject]

    @cached_property
    def as_json_schema(self) -> JsonObject:
        """Plain JSON Schema 2020-12 (marks removed), as forms and clients want it."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {name: _without_marks(schema) for name, schema in self.properties.items()},
            "required": sorted(self.required),
            "additionalProperties": False,
        }

    @cached_property
    def required(self) -> frozenset[str]:
        return self._marked("required")

    @cached_property
    def secrets(self) -> frozenset[str]:
        return self._marked("secret")

    @cached_property
    def immutable(self) -> frozenset[str]:
        return self._marked("immutable")

    @cached_property
    def defaults(self) -> Mapping[str, JsonValue]:
        return {name: schema["default"] for name, schema in self.properties.items() if "default" in schema}

    def errors(self, value: JsonObject, *, pointer: str = "") -> list[FieldError]:
        """Everything wrong with `value`, one entry per place, in order of place."""
        validator = _validator(orjson.dumps(self.as_json_schema, option=orjson.OPT_SORT_KEYS))
        found = [error for raw in validator.iter_errors(value) for error in _translate(raw, self.secrets, pointer)]
        return sorted(found, key=lambda error: error.pointer)

    def masked(self, value: Mapping[str, JsonValue]) -> JsonObject:
        """`value` with each secret property shown as `***`."""
        return {name: MASK if name in self.secrets else item for name, item in value.items()}

    def _marked(self, mark: str) -> frozenset[str]:
        return frozenset(name for name, schema in self.properties.items() if schema.get(mark) is True)


def schema_error(schema: JsonObject) -> str | None:
    """Why `schema` is no JSON Schema 2020-12, or None. Packs with many actions say the same of many parameters."""
    return _schema_error(orjson.dumps(schema))


@lru_cache(maxsize=4096)
def _schema_error(text: bytes) -> str | None:
    schema = orjson.loads(text)
    try:
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        _compile(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return getattr(error, "message", str(error))
    return None


def value_errors(schema: JsonObject, value: JsonValue) -> list[FieldError]:
    """Everything wrong with `value` under a schema that stands alone (an action's `output`)."""
    validator = _validator(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))
    return [error for raw in validator.iter_errors(value) for error in _translate(raw, frozenset(), "")]


def without_marks(schema: JsonObject) -> JsonObject:
    """A declared property as plain JSON Schema."""
    return _without_marks(schema)


def _without_marks(schema: JsonObject) -> JsonObject:
    return {word: value for word, value in schema.items() if not (word in MARKS and isinstance(value, bool | int))}


@lru_cache(maxsize=4096)
def _validator(schema: bytes) -> Any:
    return _compile(orjson.loads(schema))


def _compile(schema: JsonObject) -> Any:
    # `offline` keeps a pack's `$ref` from reaching for the network or for files of the host.
    return jsonschema_rs.validator_for(schema, offline=True, validate_formats=True)


def _translate(raw: Any, secrets: frozenset[str], base: str) -> Iterator[FieldError]:
    """One error of the library as ours: codes of our own, and no value of a secret in the text."""
    path = [str(step) for step in raw.instance_path]
    pointer = base + "".join("/" + escape(step) for step in path)
    kind = type(raw.kind).__name__.removeprefix("ValidationErrorKind_").rsplit("_", 1)[-1]
    if kind == "Required":
        name = raw.kind.property
        yield FieldError(f"{pointer}/{escape(name)}", "required", f"{name} is required")
    elif kind in ("AdditionalProperties", "UnevaluatedProperties"):
        for name in raw.kind.unexpected:
            yield FieldError(f"{pointer}/{escape(name)}", "unknown", f"{name} is not a known name here")
    elif path and path[0] in secrets:
        yield FieldError(pointer, _CODES.get(kind, "invalid"), f"not a valid {path[0]} (rule: {_rule(raw)})")
    else:
        yield FieldError(pointer, _CODES.get(kind, "invalid"), _shortened(raw.message))


_CODES = {"Type": "wrong_type", "Enum": "not_allowed", "Constant": "not_allowed", "Format": "wrong_format"}


def _rule(raw: Any) -> str:
    return str(raw.schema_path[-1]) if raw.schema_path else "schema"


def _shortened(message: str) -> str:
    return message if len(message) <= 300 else message[:297] + "…"
