"""The operators of criteria, by name: what each asks of a value, what it takes as its pattern, and how it says no.

They mean what they mean in StackStorm. Different in dialect `attune`: true is not 1, and `lt` and `gt` order numbers
or texts only. A value that cannot be asked raises `Mistake`; no value at all is simply a no, save where it is asked
for.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from apps.core.types import JsonValue
from apps.rules.criteria.errors import BadPattern, Mistake
from apps.rules.criteria.patterns import Allowance, Dialect, How, Matcher, compile_regex, compile_wildcard
from apps.rules.criteria.times import seconds_since


class Asking(Allowance, Protocol):
    """What a test may ask of the evaluation it is part of."""

    @property
    def now(self) -> datetime: ...


Test = Callable[[JsonValue, Asking], bool]
Takes = Literal["anything", "text", "order", "seconds", "members", "expression", "wildcard", "nothing", "criteria"]

SEARCH: Final = "search"
#: Conditions of `search`: how many items must match, how many of the criteria each.
SEARCH_CONDITIONS: Final = ("any", "all", "any2any", "all2any")


@dataclass(frozen=True)
class Operator:
    """One operator; `make` compiles a pattern into a test, or raises `BadPattern`."""

    name: str
    takes: Takes
    #: After the value, when it says no: `"db" does not contain "web"`.
    refusal: str
    make: Callable[[JsonValue, Dialect], Test]
    #: Whether null, or nothing, is a value to it; otherwise the answer is no without asking.
    asks_nothing: bool = False


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Equal as JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    return bool(one == other)


def _as_python(one: JsonValue, other: JsonValue) -> bool:
    return bool(one == other)


def _equality(dialect: Dialect) -> Callable[[JsonValue, JsonValue], bool]:
    return _same if dialect == "attune" else _as_python


def _equal(pattern: JsonValue, dialect: Dialect) -> Test:
    same = _equality(dialect)
    return lambda value, _: same(value, pattern)


def _unequal(pattern: JsonValue, dialect: Dialect) -> Test:
    same = _equality(dialect)
    return lambda value, _: not same(value, pattern)


def _text(compare: Callable[[str, str], bool], *, ignores_case: bool = False) -> Callable[[JsonValue, Dialect], Test]:
    def make(pattern: JsonValue, dialect: Dialect) -> Test:
        if not isinstance(pattern, str):
            raise BadPattern("wrong_type", f"the pattern is a text, not {kind(pattern)}")
        if not ignores_case:
            return lambda value, _: compare(_as_text(value), pattern)
        lowered = pattern.lower()
        return lambda value, _: compare(_as_text(value).lower(), lowered)

    return make


def _as_text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise Mistake(f"asks for a text, not {kind(value)}")


def _contains(pattern: JsonValue, dialect: Dialect) -> Test:
    same = _equality(dialect)
    size = weight(pattern)

    def test(value: JsonValue, asking: Asking) -> bool:
        if isinstance(value, list):
            asking.spend(len(value) * size)
            return any(same(item, pattern) for item in value)
        if not isinstance(value, str | dict):
            raise Mistake(f"asks for a text, a list or an object, not {kind(value)}")
        if isinstance(pattern, str):
            return pattern in value
        if isinstance(value, dict) and not isinstance(pattern, list | dict):
            return False  # names of objects are texts
        raise Mistake(f"{kind(value)} contains texts, not {kind(pattern)}")

    return test


def _lacks(pattern: JsonValue, dialect: Dialect) -> Test:
    contains = _contains(pattern, dialect)
    return lambda value, asking: not contains(value, asking)


def _inside(pattern: JsonValue, dialect: Dialect) -> Test:
    if not isinstance(pattern, str | list | dict):
        raise BadPattern("wrong_type", f"the pattern is a list (or a text or an object), not {kind(pattern)}")
    if isinstance(pattern, list):
        return _member(pattern, dialect)

    def test(value: JsonValue, asking: Asking) -> bool:
        if isinstance(value, str):
            return value in pattern
        if isinstance(pattern, dict) and not isinstance(value, list | dict):
            return False  # names of objects are texts
        raise Mistake(f"only a text can be in {kind(pattern)}, not {kind(value)}")

    return test


def _member(pattern: list[JsonValue], dialect: Dialect) -> Test:
    same = _equality(dialect)
    texts = frozenset(item for item in pattern if isinstance(item, str))

    def test(value: JsonValue, asking: Asking) -> bool:
        if isinstance(value, str):
            return value in texts
        asking.spend(len(pattern))
        return any(same(value, item) for item in pattern)

    return test


def _outside(pattern: JsonValue, dialect: Dialect) -> Test:
    inside = _inside(pattern, dialect)
    return lambda value, asking: not inside(value, asking)


def _order(is_in_order: Callable[[JsonValue, JsonValue], bool]) -> Callable[[JsonValue, Dialect], Test]:
    def make(pattern: JsonValue, dialect: Dialect) -> Test:
        expected = _orderable(pattern, dialect)
        if expected is None:
            raise BadPattern("wrong_type", f"the pattern is a number or a text, not {kind(pattern)}")

        def test(value: JsonValue, _: Asking) -> bool:
            if _orderable(value, dialect) is not expected:
                raise Mistake(f"{kind(value)} and {kind(pattern)} have no order")
            try:
                return is_in_order(value, pattern)
            except TypeError as error:  # within lists
                raise Mistake("the lists have no order") from error

        return test

    return make


def _orderable(value: JsonValue, dialect: Dialect) -> type | None:
    """What it can be ordered with; Python orders more than one would think."""
    if isinstance(value, str):
        return str
    if isinstance(value, bool | list) and dialect == "attune":
        return None
    if isinstance(value, list):
        return list
    return float if isinstance(value, int | float) else None


def _age(is_in_order: Callable[[float, float], bool]) -> Callable[[JsonValue, Dialect], Test]:
    def make(pattern: JsonValue, dialect: Dialect) -> Test:
        seconds = _seconds(pattern)
        return lambda value, asking: is_in_order(seconds_since(value, now=asking.now), seconds)

    return make


def _seconds(pattern: JsonValue) -> float:
    try:
        if isinstance(pattern, int | float | str) and not isinstance(pattern, bool):
            seconds = float(pattern)
            if math.isfinite(seconds):
                return seconds
    except (ValueError, OverflowError):
        pass
    raise BadPattern("wrong_type", "the pattern is a number of seconds")


def _expression(how: How) -> Callable[[JsonValue, Dialect], Test]:
    return _matching(lambda pattern, dialect: compile_regex(pattern, how, dialect))


def _matching(compiled: Callable[[str, Dialect], Matcher]) -> Callable[[JsonValue, Dialect], Test]:
    def make(pattern: JsonValue, dialect: Dialect) -> Test:
        if not isinstance(pattern, str):
            raise BadPattern("wrong_type", f"the pattern is a text, not {kind(pattern)}")
        matches = compiled(pattern, dialect)
        return lambda value, asking: matches(_as_text(value), asking)

    return make


def _search(pattern: JsonValue, dialect: Dialect) -> Test:
    raise BadPattern("wrong_type", "search takes criteria, which are compiled with the others")


def kind(value: JsonValue) -> str:
    """Its type, as JSON calls it, with the article."""
    names: dict[type, str] = {
        bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object",
    }  # fmt: skip
    return names.get(type(value), "null")


def weight(value: JsonValue) -> int:
    """How many values, and characters of texts, it is made of."""
    total, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        total += 1 + (len(item) if isinstance(item, str) else 0)
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
    return total


def _starts(value: str, pattern: str) -> bool:
    return value.startswith(pattern)


def _ends(value: str, pattern: str) -> bool:
    return value.endswith(pattern)


def _has(value: str, pattern: str) -> bool:
    return pattern in value


_younger = _age(lambda age, seconds: age < seconds)
_older = _age(lambda age, seconds: age > seconds)
_less = _order(lambda value, pattern: bool(value < pattern))
_greater = _order(lambda value, pattern: bool(value > pattern))
_iequal = _text(lambda value, pattern: value == pattern, ignores_case=True)

_TABLE: tuple[tuple[tuple[str, ...], Takes, str, Callable[[JsonValue, Dialect], Test], bool], ...] = (
    (("eq", "equals"), "anything", "does not equal", _equal, True),
    (("neq", "nequals"), "anything", "equals", _unequal, True),
    (("ieq", "iequals"), "text", "does not equal, in any case,", _iequal, False),
    (("contains",), "anything", "does not contain", _contains, False),
    (("icontains",), "text", "does not contain, in any case,", _text(_has, ignores_case=True), False),
    (("ncontains",), "anything", "contains", _lacks, False),
    (
        ("incontains",),
        "text",
        "contains, in some case,",
        _text(lambda value, pattern: pattern not in value, ignores_case=True),
        False,
    ),
    (("startswith",), "text", "does not start with", _text(_starts), False),
    (("istartswith",), "text", "does not start, in any case, with", _text(_starts, ignores_case=True), False),
    (("endswith",), "text", "does not end with", _text(_ends), False),
    (("iendswith",), "text", "does not end, in any case, with", _text(_ends, ignores_case=True), False),
    (("lt", "lessthan"), "order", "is not less than", _less, False),
    (("gt", "greaterthan"), "order", "is not greater than", _greater, False),
    (("td_lt", "timediff_lt"), "seconds", "is not less long ago, in seconds, than", _younger, False),
    (("td_gt", "timediff_gt"), "seconds", "is not longer ago, in seconds, than", _older, False),
    (("exists",), "nothing", "does not exist", lambda *_: lambda value, _: value is not None, True),
    (("nexists",), "nothing", "exists", lambda *_: lambda value, _: value is None, True),
    (("in", "inside"), "members", "is not in", _inside, True),
    (("nin", "ninside"), "members", "is in", _outside, True),
    (("regex",), "expression", "does not match", _expression(How()), False),
    (("iregex",), "expression", "does not match, in any case,", _expression(How(ignores_case=True)), False),
    (
        ("matchregex",),
        "expression",
        "does not match from its beginning",
        _expression(How(is_anchored=True, dot_is_everything=True)),
        False,
    ),
    (
        ("matchwildcard",),
        "wildcard",
        "does not match",
        _matching(lambda pattern, _: compile_wildcard(pattern)),
        False,
    ),
    ((SEARCH,), "criteria", "has no items that match", _search, False),
)

#: All of them, aliases too, in the order of the table.
OPERATORS: Final[Mapping[str, Operator]] = {
    name: Operator(name, takes, refusal, make, asks_nothing)
    for names, takes, refusal, make, asks_nothing in _TABLE
    for name in names
}
