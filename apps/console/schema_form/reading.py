"""What somebody typed into a field, as the JSON value it stands for."""

import re

from apps.console.schema_form.fields import Field, Kind, takes_plain_text, types_of
from apps.core.types import JsonValue
from apps.runner.jsonvalue import BadValueError, NotJsonError, check_value, load_json

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\Z")


class NotGivenError(Exception):
    """The field is empty, and that means that nothing was given."""


def read(field: Field, text: str) -> JsonValue:
    """Raises `NotGivenError`, and `BadValueError` for what is no such value; its text never quotes a secret."""
    value = _read(field, text.replace("\r\n", "\n"))
    check_value(value)
    return value


def _read(field: Field, text: str) -> JsonValue:
    if field.kind is Kind.SWITCH:
        return text == "true"
    if field.kind in (Kind.TEXT, Kind.LINES):
        # An empty field with a default says "empty", not "as the default".
        if not text and not field.schema.get("default"):
            raise NotGivenError
        return text
    if field.kind is Kind.SECRET:
        return _read_secret(field, text)
    if not text.strip():
        raise NotGivenError
    return _read_number(text.strip()) if field.kind is Kind.NUMBER else _read_json(field, text)


def _read_json(field: Field, text: str) -> JsonValue:
    try:
        return load_json(text.encode(), keys_may_repeat=False)
    except NotJsonError:
        if takes_plain_text(field.schema):
            return text.strip()
        raise


def _read_number(text: str) -> JsonValue:
    if _WHOLE.match(text):
        return int(text)
    if _NUMBER.match(text):
        return float(text)
    raise BadValueError("a number is expected, like 3 or 2.5")


def _read_secret(field: Field, text: str) -> JsonValue:
    if not text:
        raise NotGivenError
    types = types_of(field.schema) - {"null"}
    if not types or "string" in types:
        return text
    try:
        return load_json(text.encode(), keys_may_repeat=False)
    except BadValueError:
        raise BadValueError(f"JSON is expected: {' or '.join(sorted(types))}") from None
