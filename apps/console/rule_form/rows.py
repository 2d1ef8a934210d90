"""Criteria as rows: a flat list in which groups begin and end, so that a form sends them in the order of the page.

Whatever cannot be said in rows stays JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from apps.console.rule_form.words import verb_of
from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria import OPERATORS, SEARCH_CONDITIONS
from apps.runner.jsonvalue import BadValueError, NotJsonError, escape, load_json

CRITERION = "criterion"
END = "end"
GROUPS = ("any", "all", "not")
#: Five fields each; Django takes 1,000 fields of one form.
MOST_ROWS = 150
#: More than criteria may be nested; what is deeper is told as wrong, not built.
MOST_DEPTH = 16
_FIELDS = frozenset({"type", "pattern", "condition"})
#: What these take is a text whatever it looks like.
_TEXTS = frozenset({"text", "expression", "wildcard"})


class NotInRows(ValueError):
    """Only JSON can say these criteria."""


@dataclass
class Row:
    """A criterion, or the beginning or end of a group. `pattern` is what the field holds: JSON where it reads as such
    and its operator takes more than texts."""

    kind: str = CRITERION
    path: str = ""
    operator: str = "equals"
    pattern: str = ""
    condition: str = ""
    #: by field: path, operator, pattern, condition
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_group(self) -> bool:
        return self.kind in GROUPS

    @property
    def is_search(self) -> bool:
        return self.operator == "search"

    @property
    def takes_nothing(self) -> bool:
        return self.operator in OPERATORS and OPERATORS[self.operator].takes == "nothing"

    @property
    def verb(self) -> str:
        return verb_of(self.operator)

    def tell(self, name: str, detail: str) -> None:
        self.errors.setdefault(name, []).append(detail)


@dataclass
class _Node:
    row: Row
    inside: list["_Node"] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.row.kind if self.row.is_group else self.row.path


def rows_of(criteria: JsonValue) -> list[Row]:
    """Raises `NotInRows`."""
    rows = list(_rows(criteria, group="all"))
    if len(rows) > MOST_ROWS:
        raise NotInRows
    return rows


def criteria_of(rows: Sequence[Row]) -> tuple[JsonValue, Mapping[str, Row]]:
    """The criteria, and the row behind each JSON pointer. What cannot be read is told at its row."""
    places: dict[str, Row] = {}
    return _body(_tree(rows), "/criteria", places), places


def balanced(rows: Sequence[Row]) -> list[Row]:
    """With an end for every group, and none else: a page that was made by hand may send anything."""
    fitting: list[Row] = []
    depth = 0
    for row in rows[:MOST_ROWS]:
        if row.kind == END and depth == 0:
            continue
        if row.is_group and depth == MOST_DEPTH:
            continue
        depth += row.is_group - (row.kind == END)
        fitting.append(row)
    return fitting + [Row(END) for _ in range(depth)]


def _rows(criteria: JsonValue, *, group: str) -> Iterator[Row]:
    if isinstance(criteria, list):
        for item in criteria:
            yield from _item(item, group=group)
    elif isinstance(criteria, dict):
        for key, value in criteria.items():
            yield from _group(key, value) if key in GROUPS else [_row(key, value)]
    else:
        raise NotInRows


def _item(item: JsonValue, *, group: str) -> Iterator[Row]:
    """An entry of a list holds when all of it holds: in `any` that takes a group of its own."""
    if not isinstance(item, dict | list) or not item:
        raise NotInRows
    yield from _rows(item, group=group) if group != "any" or len(item) == 1 else _group("all", item)


def _group(kind: str, inside: JsonValue) -> Iterator[Row]:
    yield Row(kind)
    yield from _rows(inside, group=kind)
    yield Row(END)


def _row(path: str, value: JsonValue) -> Row:
    if not isinstance(value, dict) or set(value) - _FIELDS or not isinstance(value.get("type"), str):
        raise NotInRows
    operator, condition = value["type"], value.get("condition", "")
    if not isinstance(condition, str):
        raise NotInRows
    shown = _shown(value["pattern"], operator) if "pattern" in value else ""
    return Row(path=path, operator=operator, pattern=shown, condition=condition)


def _shown(pattern: JsonValue, operator: str) -> str:
    if not isinstance(pattern, str) or operator == "search":
        return orjson.dumps(pattern, option=orjson.OPT_INDENT_2 if operator == "search" else 0).decode()
    if "\n" in pattern or "\r" in pattern:
        raise NotInRows
    if _takes_texts(operator) or _is_plain(pattern):
        return pattern
    return orjson.dumps(pattern).decode()


def _is_plain(text: str) -> bool:
    """Whether the text reads back as itself."""
    try:
        load_json(text.encode())
    except NotJsonError:
        return bool(text) and text == text.strip()
    except BadValueError:
        return False
    return False


def _takes_texts(operator: str) -> bool:
    return operator in OPERATORS and OPERATORS[operator].takes in _TEXTS


def _tree(rows: Sequence[Row]) -> list[_Node]:
    top: list[_Node] = []
    levels = [top]
    for row in balanced(rows):
        if row.kind == END:
            levels.pop()
            continue
        node = _Node(row)
        levels[-1].append(node)
        if row.is_group:
            levels.append(node.inside)
    return top


def _body(nodes: Sequence[_Node], pointer: str, places: dict[str, Row]) -> JsonValue:
    """An object; a list where two of them would share a name."""
    keys = [node.key for node in nodes]
    if len(set(keys)) == len(keys):
        return {node.key: _value(node, f"{pointer}/{escape(node.key)}", places) for node in nodes}
    return [
        {node.key: _value(node, f"{pointer}/{number}/{escape(node.key)}", places)} for number, node in enumerate(nodes)
    ]


def _value(node: _Node, pointer: str, places: dict[str, Row]) -> JsonValue:
    places[pointer] = node.row
    return _body(node.inside, pointer, places) if node.row.is_group else _criterion(node.row)


def _criterion(row: Row) -> JsonObject:
    said: JsonObject = {"type": row.operator}
    try:
        said |= _pattern(row)
    except BadValueError as error:
        row.tell("pattern", str(error))
    if row.is_search:
        said["condition"] = row.condition or SEARCH_CONDITIONS[0]
    return said


def _pattern(row: Row) -> JsonObject:
    """Raises `BadValueError`."""
    if row.is_search:
        return {"pattern": load_json(row.pattern.encode(), keys_may_repeat=False)} if row.pattern.strip() else {}
    if row.takes_nothing and not row.pattern.strip():
        return {}
    if _takes_texts(row.operator):
        return {"pattern": row.pattern}
    try:
        return {"pattern": load_json(row.pattern.encode(), keys_may_repeat=False)}
    except NotJsonError:
        return {"pattern": row.pattern}
