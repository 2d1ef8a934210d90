"""Makes values of text, as an action's schema wants them. Pure."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

_INTEGER = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_EXPECTED = {
    "null": "null",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": 'a comma separated list, or JSON like ["a", "b"]',
    "object": 'JSON like {"a": 1}',
}


T = TypeVar("T")


class NotCastable(ValueError):
    """The message says what is expected, never what was given: it may be a secret."""


def cast(text: str, schema: Mapping[str, Any]) -> Any:
    """`text` as the first of the schema's types that it fits; text where the schema names none.

    A schema that takes text takes every text, so of its other types only those are tried that are told apart with
    certainty: null, numbers, true and false, JSON in brackets. Raises `NotCastable`.
    """
    types = _types(schema)
    if not types:
        return text
    is_text_too = "string" in types
    for name, read in _READERS.items():
        if name in types:
            try:
                return read(text if is_text_too else text.strip(), schema, is_text_too)
            except ValueError:
                continue
    if is_text_too:
        return text
    raise NotCastable("expected " + ", or ".join(_EXPECTED[name] for name in _READERS if name in types))


def strict_json(text: str) -> Any:
    """Raises `NotCastable` for what is not JSON, and for what Attune does not take: NaN, a name given twice."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except NotCastable:
        raise
    except json.JSONDecodeError as error:
        raise NotCastable(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise NotCastable("not JSON that can be read") from error


def _types(schema: Mapping[str, Any]) -> set[str]:
    """The types that a value may have, also where they stand in alternatives or follow from the allowed values."""
    named = schema.get("type")
    if named is not None:
        return {named} if isinstance(named, str) else set(named)
    types: set[str] = set()
    for word in ("anyOf", "oneOf"):
        for branch in schema.get(word) or ():
            if isinstance(branch, Mapping):
                types |= _types(branch)
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return types | {_type_of(value) for value in values}


def _type_of(value: Any) -> str:
    kinds = (("null", type(None)), ("boolean", bool), ("integer", int), ("number", float), ("string", str))
    name = next((name for name, kind in kinds if isinstance(value, kind)), None)
    return name or ("array" if isinstance(value, list) else "object")


def _null(text: str, schema: Mapping[str, Any], is_text_too: bool) -> None:
    if text != "null":
        raise ValueError


def _integer(text: str, schema: Mapping[str, Any], is_text_too: bool) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _number(text: str, schema: Mapping[str, Any], is_text_too: bool) -> float:
    if _INTEGER.fullmatch(text):
        return int(text)
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError
    return value


def _boolean(text: str, schema: Mapping[str, Any], is_text_too: bool) -> bool:
    word = text.lower()
    if word not in _BOOLEANS or (is_text_too and word not in ("true", "false")):
        raise ValueError
    return _BOOLEANS[word]


def _array(text: str, schema: Mapping[str, Any], is_text_too: bool) -> list[Any]:
    if text.lstrip().startswith("["):
        return _json_of(text, list)
    if is_text_too or text.lstrip().startswith("{"):
        raise ValueError
    items = schema.get("items")
    item_schema = items if isinstance(items, Mapping) else {}
    return [cast(item.strip(), item_schema) for item in text.split(",")] if text else []


def _object(text: str, schema: Mapping[str, Any], is_text_too: bool) -> dict[str, Any]:
    return _json_of(text, dict)


def _json_of(text: str, kind: type[T]) -> T:
    value = strict_json(text)
    if not isinstance(value, kind):
        raise NotCastable("JSON of another type")
    return value


#: In this order: an integer is a number too.
_READERS: Mapping[str, Callable[[str, Mapping[str, Any], bool], Any]] = {
    "null": _null,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}


def _refuse_constant(name: str) -> NoReturn:
    raise NotCastable(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCastable("a name stands twice in one object")
    return found
