"""Reads JSON from outside as strictly as PostgreSQL will store it.

Python's own parser accepts what `jsonb` and `bigint` refuse (NUL, lone surrogates, `1e999`, huge integers,
endless nesting) and what hides mistakes (duplicate keys). All of that is an `InvalidJson` here.
"""

import json
import math
from typing import Any

from apps.core.types import JsonValue

#: Deepest nesting accepted anywhere; PostgreSQL bears more, people do not.
MAX_DEPTH = 64
_BIGINT = 2**63


class InvalidJson(ValueError):
    """`reason` says what is wrong, `pointer` where, as far as it is known."""

    def __init__(self, reason: str, pointer: str = "") -> None:
        self.reason = reason
        self.pointer = pointer
        super().__init__(f"{pointer}: {reason}" if pointer else reason)


def loads(data: bytes | str, *, max_depth: int = MAX_DEPTH) -> JsonValue:
    """The value in `data` (UTF-8). Raises `InvalidJson` for anything that could not be kept exactly."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError as error:
        raise InvalidJson(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise InvalidJson(f"nested deeper than {max_depth}") from error
    except json.JSONDecodeError as error:
        raise InvalidJson(f"{error.msg} at line {error.lineno} column {error.colno}") from error
    check(value, max_depth=max_depth)
    return value


def check(value: JsonValue, *, max_depth: int = MAX_DEPTH, pointer: str = "") -> None:
    """Raises `InvalidJson` if `value` is no JSON or holds what the database would refuse."""
    stack: list[tuple[Any, str, int]] = [(value, pointer, 0)]
    while stack:
        item, place, depth = stack.pop()
        if depth > max_depth:
            raise InvalidJson(f"nested deeper than {max_depth}", place)
        if isinstance(item, dict):
            for key, child in item.items():
                _check_key(key, place)
                stack.append((child, f"{place}/{escape(key)}", depth + 1))
        elif isinstance(item, list | tuple):
            stack.extend((child, f"{place}/{index}", depth + 1) for index, child in enumerate(item))
        else:
            _check_scalar(item, place)


def escape(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _check_key(key: object, place: str) -> None:
    if not isinstance(key, str):
        raise InvalidJson("a key that is no text", place)
    _check_text(key, place)


def _check_scalar(item: object, place: str) -> None:
    if item is None or isinstance(item, bool):
        return
    if isinstance(item, str):
        _check_text(item, place)
    elif isinstance(item, int):
        if not -_BIGINT <= item < _BIGINT:
            raise InvalidJson("an integer beyond 64 bits", place)
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise InvalidJson("a number that is not finite", place)
    else:
        raise InvalidJson(f"a value of type {type(item).__name__}, which JSON does not know", place)


def _check_text(text: str, place: str) -> None:
    if "\x00" in text:
        raise InvalidJson("a NUL character", place)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidJson("half of a surrogate pair", place) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() returns None on purpose
        raise InvalidJson(f"the key {twice!r} stands twice in one object")
    return result


def _constant(name: str) -> float:
    raise InvalidJson(f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > 20:
        raise InvalidJson("an integer beyond 64 bits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidJson(f"{text} is not finite")
    return value
