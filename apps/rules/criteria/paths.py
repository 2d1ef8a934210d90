"""Paths into a payload: `trigger.body.hosts[0]['name']`.

Understood: names, positions (`[0]`, `.0`, `[-1]` from the end), quoted names (`['…']`, `["…"]`, `.'…'`) and, as
StackStorm has it, `[*]` or `*`: the first of all that match. What follows a `#` outside quotes only tells criteria on
the same path apart. Null and a place that is not there are the same: no value.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from apps.core.types import JsonValue
from apps.rules.criteria.errors import BadPath

MAX_PATH_CHARS: Final = 512
MAX_STEPS: Final = 64
_NAME = r"[^\W\d][\w@-]*"
_FIRST = re.compile(rf"(?:\$\.)?({_NAME})")
_STEP = re.compile(
    rf"""
    \.(?P<name>{_NAME}|@[\w@-]+)
  | \.(?P<number>\d{{1,9}})(?![\w@-])
  | \.?\[(?P<index>-?\d{{1,9}})\]
  | \.?\[\s*(?P<quoted>'[^']*'|"[^"]*")\s*\]
  | \.(?P<bare>'[^']*'|"[^"]*")
  | (?P<all>\.?\[\*\]|\.\*)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step down: by `name` in an object, by `index` in a list, `is_any` through all of either."""

    written: str
    name: str | None = None
    index: int | None = None
    is_any: bool = False

    def take(self, value: JsonValue) -> JsonValue:
        """What is there, or None."""
        if isinstance(value, dict):
            return None if self.name is None else value.get(self.name)
        if self.index is not None and isinstance(value, list) and -len(value) <= self.index < len(value):
            return value[self.index]
        return None


@dataclass(frozen=True, slots=True)
class Path:
    """A path, taken apart once."""

    text: str
    root: str
    steps: tuple[Step, ...]
    #: The names of the steps, when all are plain: nearly always, and faster.
    names: tuple[str, ...] | None

    def find(self, value: JsonValue) -> JsonValue:
        """What is at the path below `value`, the root; None when nothing is there."""
        if self.names is None:
            return next(_matches(value, self.steps), None)
        for name in self.names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    def gap(self, value: JsonValue) -> str:
        """In words, why there is no value: which part is the first one missing."""
        place = self.root
        for step in self.steps:
            if step.is_any:
                break
            below = step.take(value)
            if below is None:
                return _gap(value, step, place)
            place, value = place + step.written, below
        return f"{self.text} has no value"


def compile_path(text: str, *, roots: Collection[str]) -> Path:
    """Raises `BadPath` for what is no path from one of `roots`."""
    if len(text) > MAX_PATH_CHARS:
        raise BadPath(f"a path has at most {MAX_PATH_CHARS} characters")
    first = _FIRST.match(text)
    if first is None or first[1] not in roots:
        raise BadPath(f"a path begins with {' or '.join(sorted(roots))}, as in {min(roots)}.name")
    steps, at = [], first.end()
    while at < len(text) and text[at] != "#":
        found = _STEP.match(text, at)
        if found is None:
            raise BadPath(f"not understood from {text[at : at + 20]!r} on; write names that are no words as ['a name']")
        steps.append(_step(found))
        at = found.end()
    if len(steps) > MAX_STEPS:
        raise BadPath(f"a path has at most {MAX_STEPS} steps")
    names = tuple(step.name for step in steps if step.name is not None and step.index is None)
    return Path(text[:at], first[1], tuple(steps), names if len(names) == len(steps) else None)


def _step(found: re.Match[str]) -> Step:
    written = found[0]
    if found["all"]:
        return Step(written, is_any=True)
    if found["index"]:
        return Step(written, index=int(found["index"]))
    if found["number"]:
        return Step(written, name=found["number"], index=int(found["number"]))
    quoted = found["quoted"] or found["bare"]
    return Step(written, name=quoted[1:-1] if quoted else found["name"])


def _matches(value: JsonValue, steps: tuple[Step, ...]) -> Iterator[JsonValue]:
    """Every place that is there, null included."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if not step.is_any:
        below = step.take(value)
        if below is not None:
            yield from _matches(below, rest)
        return
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _matches(item, rest)


def _gap(value: JsonValue, step: Step, place: str) -> str:
    if isinstance(value, dict):
        return f"{place}{step.written} is null" if step.name in value else f"{place} has no {step.written.lstrip('.')}"
    if isinstance(value, list):
        return f"{place} is a list of {len(value)}"
    return f"{place} is no object"
