"""JSON as Attune stores it: what Python's parser takes and PostgreSQL or other languages refuse is an error.

Refused: NaN and Infinity (also as 1e999), lone surrogates, NUL, integers beyond bigint, nesting deeper than 64,
and duplicate keys where that is asked for.
"""

import json
import math
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 64
_MAX_INTEGER = 2**63 - 1
_MIN_INTEGER = -(2**63)
#: digits and sign of the longest one
_INTEGER_CHARACTERS = 20


class BadValueError(ValueError):
    """A value that cannot be stored: `reason` may quote keys; `pointer` (RFC 6901) says where, if it is known."""

    def __init__(self, reason: str, pointer: str = "") -> None:
        self.reason = reason
        self.pointer = pointer
        super().__init__(f"{reason} at {pointer}" if pointer else reason)


class NotJsonError(BadValueError):
    """It is no JSON at all."""


def load_json(data: bytes, *, keys_may_repeat: bool = True) -> Any:
    """Parse one document. Of repeated keys the last one wins, or they are an error. NotJsonError, BadValueError."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotJsonError(f"not UTF-8 (byte {error.start})") from None
    hook = None if keys_may_repeat else _without_repeated_keys
    try:
        value = json.loads(text, parse_int=_integer, parse_constant=_constant, object_pairs_hook=hook)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not JSON: {error.msg}, line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise BadValueError(f"nested deeper than {MAX_DEPTH}") from None
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
                raise BadValueError(f"nested deeper than {MAX_DEPTH}")
            waiting += _members(item, where, depth + 1)
        else:
            _check_scalar(item, where)


def escape(key: str) -> str:
    """A key as a step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _members(item: dict[object, object] | list[object], where: str, depth: int) -> Iterable[tuple[object, str, int]]:
    if isinstance(item, list):
        return [(member, f"{where}/{position}", depth) for position, member in enumerate(item)]
    members = []
    for key, member in item.items():
        if not isinstance(key, str):
            raise BadValueError("a key that is no text", where)
        _check_text(key, where)
        members.append((member, f"{where}/{escape(key)}", depth))
    return members


def _check_scalar(item: object, where: str) -> None:
    if isinstance(item, str):
        _check_text(item, where)
    elif isinstance(item, bool) or item is None:
        pass
    elif isinstance(item, int):
        if not _MIN_INTEGER <= item <= _MAX_INTEGER:
            raise BadValueError("an integer beyond 64 bits", where)
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise BadValueError("a number that is not finite", where)
    else:
        raise BadValueError(f"a {type(item).__name__}, which JSON does not know,", where)


def _check_text(text: str, where: str) -> None:
    if "\0" in text:
        raise BadValueError("a NUL character", where)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadValueError("half of a surrogate pair", where) from None


def _without_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise BadValueError(f"the key {_first_repeated(key for key, _ in pairs)!r} stands twice in one object")
    return result


def _first_repeated(keys: Iterable[str]) -> str | None:
    # By a set: a megabyte holds so many keys that comparing each with each takes minutes.
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def _integer(digits: str) -> int:
    # Python itself refuses to parse integers of more than 4,300 digits, with another error.
    if len(digits) > _INTEGER_CHARACTERS:
        raise BadValueError("an integer beyond 64 bits")
    return int(digits)


def _constant(name: str) -> float:
    raise BadValueError(f"{name} is not JSON")
