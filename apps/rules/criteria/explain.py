"""Says why criteria do not hold: the first criterion that said no, with what it wanted and what was there.

Values are shortened: a verdict is kept for each rule an event met.
"""

import json
from dataclasses import dataclass
from typing import Final, Protocol

from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria.operators import Operator
from apps.rules.criteria.paths import Path

#: Longest value or pattern in an explanation.
MAX_SHOWN_CHARS: Final = 200
#: `json.dumps` would make an encoder for each value, which takes longer than the evaluation.
_encoded = json.JSONEncoder(ensure_ascii=False, default=str).encode


class Criterion(Protocol):
    """What refusals speak about."""

    @property
    def pointer(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def operator(self) -> Operator: ...
    @property
    def pattern(self) -> JsonValue: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A criterion did not hold; raw, because most are thrown away."""

    criterion: Criterion
    value: JsonValue
    pattern: JsonValue
    #: Why it could not be asked.
    mistake: str = ""
    #: Which part of the path is not there.
    gap: str = ""
    #: Neither yes nor no. A mistake that was outvoted is shown, but no longer unknown.
    is_unknown: bool = False
    #: It held, and `not` is before it.
    is_negated: bool = False
    #: How many others in an `any` did not hold either.
    others: int = 0
    #: Position in the list that `search` went through.
    item: int | None = None


@dataclass(frozen=True)
class Failed:
    """The criterion that said no. `value` and `pattern` are JSON, or the beginning of it as a text if that is long."""

    path: str
    condition: str
    pattern: JsonValue
    value: JsonValue
    text: str
    #: It could not be asked: a value of the wrong type, an expression that takes too long.
    is_error: bool
    #: Where in the criteria it stands (JSON pointer).
    pointer: str = ""

    def as_json(self) -> JsonObject:
        return {
            "path": self.path,
            "condition": self.condition,
            "pattern": self.pattern,
            "value": self.value,
            "text": self.text,
            "is_error": self.is_error,
            "pointer": self.pointer,
        }


@dataclass(frozen=True)
class Finding:
    """What one criterion says on its own; `failed` is None when it holds."""

    pointer: str
    path: str
    condition: str
    failed: Failed | None

    def as_json(self) -> JsonObject:
        failed = None if self.failed is None else self.failed.as_json()
        return {"pointer": self.pointer, "path": self.path, "condition": self.condition, "failed": failed}


def failed_by(refusal: Refusal) -> Failed:
    """For people and for storing."""
    criterion = refusal.criterion
    condition = f"not {criterion.operator.name}" if refusal.is_negated else criterion.operator.name
    value, pattern = shortened(refusal.value), shortened(refusal.pattern)
    text = _text(refusal, value, pattern)
    return Failed(criterion.path.text, condition, pattern, value, text, bool(refusal.mistake), criterion.pointer)


def too_costly(text: str) -> Failed:
    """Without a criterion: it was all of them."""
    return Failed("", "", None, None, text, True)


def shortened(value: JsonValue) -> JsonValue:
    """The value itself, or the beginning of its JSON when that is longer than `MAX_SHOWN_CHARS`."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 600 else "a very long number"
    if isinstance(value, str):
        return value if len(value) <= MAX_SHOWN_CHARS else f"{value[: MAX_SHOWN_CHARS - 1]}…"
    parts: list[str] = []
    _write(value, parts, MAX_SHOWN_CHARS + 1)
    text = "".join(parts)
    return value if len(text) <= MAX_SHOWN_CHARS else f"{text[: MAX_SHOWN_CHARS - 1]}…"


def _text(refusal: Refusal, value: JsonValue, pattern: JsonValue) -> str:
    criterion = refusal.criterion
    place = criterion.path.text if refusal.item is None else f"item {refusal.item}: {criterion.path.text}"
    if refusal.gap:
        text = f"{refusal.gap}, so {criterion.operator.name} says no"
        return (text if refusal.item is None else f"item {refusal.item}: {text}") + _of_others(refusal)
    if refusal.mistake:
        return f"{place}: {criterion.operator.name} {refusal.mistake} ({_quoted(value)}){_of_others(refusal)}"
    if refusal.is_negated:
        return f"{place}: {criterion.operator.name} {_quoted(pattern)} holds for {_quoted(value)}, and must not"
    wanted = "" if criterion.operator.takes in ("nothing", "criteria") else f" {_quoted(pattern)}"
    return f"{place}: {_quoted(value)} {criterion.operator.refusal}{wanted}{_of_others(refusal)}"


def _of_others(refusal: Refusal) -> str:
    return f" (nor does any of {refusal.others} other criteria hold)" if refusal.others else ""


def _quoted(value: JsonValue) -> str:
    return _encoded(value)


def _write(value: JsonValue, parts: list[str], left: int) -> int:
    """Appends its JSON, no further than `left` characters; returns how many are left."""
    if isinstance(value, dict):
        left = _put("{", parts, left)
        for number, (key, item) in enumerate(value.items()):
            if left <= 0:
                break
            left = _put(f"{', ' if number else ''}{_scalar(key)}: ", parts, left)
            left = _write(item, parts, left)
        return _put("}", parts, left)
    if isinstance(value, list):
        left = _put("[", parts, left)
        for number, item in enumerate(value):
            if left <= 0:
                break
            left = _put(", ", parts, left) if number else left
            left = _write(item, parts, left)
        return _put("]", parts, left)
    return _put(_scalar(value), parts, left)


def _scalar(value: JsonValue) -> str:
    return _quoted(value[: MAX_SHOWN_CHARS + 1] if isinstance(value, str) else shortened(value))


def _put(text: str, parts: list[str], left: int) -> int:
    parts.append(text)
    return left - len(text)
