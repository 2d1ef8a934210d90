"""The table of operators in the reference of criteria, each with an example that holds."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from apps.rules.criteria import OPERATORS, compile_criteria
from docgen.markdown import code, table


class Example(NamedTuple):
    names: str
    says: str
    value: Any
    pattern: Any = None
    condition: str = ""


_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_EXAMPLES = (
    Example("eq equals", "equals the pattern; types count", 5, 5),
    Example("neq nequals", "does not equal it", "5", 5),
    Example("ieq iequals", "is the same text in any case", "WEB", "web"),
    Example("contains", "contains it: a text a part, a list an item, an object a name", ["a", "b"], "a"),
    Example("icontains", "contains it in any case; texts only", "Disk FULL", "full"),
    Example("ncontains", "does not contain it", ["a", "b"], "c"),
    Example("incontains", "does not contain it in any case; texts only", "Disk FULL", "empty"),
    Example("startswith", "begins with it", "web-1", "web"),
    Example("istartswith", "begins with it in any case", "WEB-1", "web"),
    Example("endswith", "ends with it", "a.log", ".log"),
    Example("iendswith", "ends with it in any case", "A.LOG", ".log"),
    Example("lt lessthan", "is less; numbers, or texts", 4, 5),
    Example("gt greaterthan", "is greater; numbers, or texts", 6, 5),
    Example("td_lt timediff_lt", "is less seconds ago (now: 12:00)", "2026-01-01T11:59:30Z", 60),
    Example("td_gt timediff_gt", "is more seconds ago (now: 12:00)", "2026-01-01T11:00:00Z", 60),
    Example("exists", "is there and not null", 0),
    Example("nexists", "is not there, or null", None),
    Example("in inside", "is in it: an item of a list, a part of a text, a name of an object", "a", ["a", "b"]),
    Example("nin ninside", "is not in it", "c", ["a", "b"]),
    Example("regex", "matches the expression anywhere", "host web-12", "web-[0-9]+"),
    Example("iregex", "matches it anywhere in any case", "host WEB-12", "web-[0-9]+"),
    Example("matchregex", "matches it from the beginning; `.` is line ends, too", "web-12 up", "web-[0-9]+"),
    Example("matchwildcard", "matches as a whole; `*`, `?`, `[a-z]`, `[!a-z]`", "web-1", "web-?"),
    Example("search", "has items that match (below)", [{"n": 1}], {"item.n": {"type": "gt", "pattern": 0}}, "any"),
)


def operators() -> str:
    """Raises ValueError for an operator without an example, and for an example that does not hold."""
    rows = [_row(example) for example in _EXAMPLES]
    if missing := OPERATORS.keys() - {name for example in _EXAMPLES for name in example.names.split()}:
        raise ValueError(f"operators without an example: {', '.join(sorted(missing))}")
    return table(["operator", "holds when the value", "example: value", "pattern"], rows)


def _row(example: Example) -> list[str]:
    names = example.names.split()
    for name in names:
        _check(name, example)
    takes_pattern = OPERATORS[names[0]].takes != "nothing"
    pattern = code(_json(example.pattern)) if takes_pattern else ""
    return [", ".join(map(code, names)), example.says, code(_json(example.value)), pattern]


def _check(name: str, example: Example) -> None:
    criterion = {"type": name, "pattern": example.pattern}
    if example.condition:
        criterion["condition"] = example.condition
    failed = compile_criteria({"trigger.v": criterion}).evaluate({"v": example.value}, now=_NOW).failed
    if failed is not None:
        raise ValueError(f"the example of {name} does not hold: {failed.text}")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
