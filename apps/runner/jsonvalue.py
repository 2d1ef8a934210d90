"""JSON as Attune stores it: what Python's parser takes and PostgreSQL or other languages refuse is an error.

Refused: NaN and Infinity (also as 1e999), lone surrogates, NUL, integers beyond bigint, nesting deeper
than 64. Of duplicate keys the last one wins.
"""

import json
import math

MAX_DEPTH = 64
_MAX_INTEGER = 2**63 - 1
_MIN_INTEGER = -(2**63)
#: digits and sign of the longest one
_INTEGER_CHARACTERS = 20


class BadValueError(ValueError):
    """A value that cannot be stored. The message says what and where, and may quote keys."""


class NotJsonError(BadValueError):
    """It is no JSON at all."""


def load_json(data: bytes) -> object:
    """Parse one JSON document. NotJsonError, BadValueError."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotJsonError(f"it is not UTF-8 (byte {error.start})") from None
    try:
        value = json.loads(text, parse_int=_integer, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"it is not JSON: {error.msg}, line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise BadValueError(f"it is nested deeper than {MAX_DEPTH}") from None
    check_value(value)
    return value


def check_value(value: object) -> None:
    """Whether a value is JSON that can be stored. BadValueError."""
    # Not by recursion: what is checked may be deeper than our stack.
    waiting: list[tuple[object, str, int]] = [(value, "", 0)]
    while waiting:
        item, where, depth = waiting.pop()
        if isinstance(item, dict | list):
            if depth >= MAX_DEPTH:
                raise BadValueError(f"it is nested deeper than {MAX_DEPTH}")
            waiting += _members(item, where, depth + 1)
        else:
            _check_scalar(item, where)


def _members(item: dict[object, object] | list[object], where: str, depth: int) -> list[tuple[object, str, int]]:
    if isinstance(item, list):
        return [(member, f"{where}/{position}", depth) for position, member in enumerate(item)]
    for key in item:
        if not isinstance(key, str):
            raise BadValueError(f"a key at {where or '/'} is not a string")
        _check_text(key, where)
    return [(member, f"{where}/{key}", depth) for key, member in item.items()]


def _check_scalar(item: object, where: str) -> None:
    if isinstance(item, str):
        _check_text(item, where)
    elif isinstance(item, bool) or item is None:
        pass
    elif isinstance(item, int):
        if not _MIN_INTEGER <= item <= _MAX_INTEGER:
            raise BadValueError(f"the integer at {where or '/'} does not fit into 64 bits")
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise BadValueError(f"the number at {where or '/'} is not finite")
    else:
        raise BadValueError(f"the {type(item).__name__} at {where or '/'} is not a JSON value")


def _check_text(text: str, where: str) -> None:
    if "\0" in text:
        raise BadValueError(f"the text at {where or '/'} holds NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadValueError(f"the text at {where or '/'} holds half a surrogate pair") from None


def _integer(digits: str) -> int:
    # Python itself refuses to parse integers of more than 4,300 digits, with another error.
    if len(digits) > _INTEGER_CHARACTERS:
        raise BadValueError("an integer does not fit into 64 bits")
    return int(digits)


def _constant(name: str) -> float:
    raise BadValueError(f"{name} is not JSON")
