"""Reads what was posted: JSON, a form or text, as the value that rules look into. Pure."""

from urllib.parse import parse_qsl

from apps.core.errors import Invalid, UnsupportedKind
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import BadValueError, check_value, load_json

#: Of a form or a query.
MAX_FIELDS = 1000
_FORM = "application/x-www-form-urlencoded"


class InvalidBody(Invalid):
    """The body is not what its Content-Type says."""

    code = "invalid_body"


class InvalidQuery(Invalid):
    """The query cannot be read."""

    code = "invalid_query"


class UnreadableKind(UnsupportedKind):
    """A webhook takes JSON, a form (application/x-www-form-urlencoded) or text in UTF-8."""

    code = "unreadable_kind"


def read_body(body: bytes, *, content_type: str, form_field: str | None = None) -> JsonValue:
    """An object or any JSON value; of a form an object of texts, or of lists where a name stands more than once; a
    text; None without a body. A form whose only field is `form_field` is the JSON in it.

    Raises `InvalidBody`, `UnreadableKind`.
    """
    kind, _, options = content_type.partition(";")
    kind = kind.strip().lower()
    if not body:
        return None
    if kind in ("", "application/json", "text/json") or kind.endswith("+json"):
        return _json(body)
    if kind == _FORM:
        fields = _form(body)
        if form_field is not None and list(fields) == [form_field] and isinstance(fields[form_field], str):
            return _json(fields[form_field].encode())
        return fields
    if kind.startswith("text/"):
        return _text(body, options)
    raise UnreadableKind


def read_query(query: bytes, *, without: frozenset[str]) -> JsonObject:
    """The parameters of an address, but for those `without` that are Attune's own. Raises `InvalidQuery`."""
    try:
        given = _fields(query)
    except (ValueError, BadValueError) as error:
        raise InvalidQuery(f"The query cannot be read: {error}.") from error
    return {name: value for name, value in given.items() if name not in without}


def _json(body: bytes) -> JsonValue:
    try:
        return load_json(body, keys_may_repeat=False)
    except BadValueError as error:
        raise InvalidBody(f"The body is not the JSON Attune takes: {error}.") from error


def _form(body: bytes) -> JsonObject:
    try:
        return _fields(body)
    except (ValueError, BadValueError) as error:
        raise InvalidBody(f"The body is no form that can be read: {error}.") from error


def _fields(text: bytes) -> JsonObject:
    pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    fields: JsonObject = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    check_value(fields)
    return fields


def _text(body: bytes, options: str) -> str:
    charset = next((value for name, value in _options(options) if name == "charset"), "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnreadableKind
    try:
        text = body.decode()
        check_value(text)
    except (UnicodeDecodeError, BadValueError) as error:
        raise InvalidBody(f"The body is no text that can be kept: {error}.") from error
    return text


def _options(text: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in text.split(";"))
    return [(name.strip().lower(), value.strip().strip('"')) for name, _, value in pairs]
