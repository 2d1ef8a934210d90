"""Turns written criteria into nodes that can be evaluated; finds everything wrong with them, with its place.

Criteria are StackStorm's object, `{path: {type, pattern, condition}}`, all of which must hold; in it may stand the
groups `any`, `all` and `not`; a list of such objects is all of them. `search` holds criteria of its own.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from apps.core.errors import FieldError
from apps.core.expressions import Template, TemplateError, compile_template
from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria.errors import BadPath, BadPattern, InvalidCriteria
from apps.rules.criteria.evaluate import All, AnyOf, Compiled, Leaf, Node, Not, Search
from apps.rules.criteria.operators import OPERATORS, SEARCH, SEARCH_CONDITIONS, Operator, Test, kind, weight
from apps.rules.criteria.paths import Path, compile_path
from apps.rules.criteria.patterns import Dialect
from apps.runner.jsonvalue import escape

#: Of one rule, those within `search`, groups and entries of lists included.
MAX_CRITERIA: Final = 200
#: Groups, lists and searches within each other.
MAX_DEPTH: Final = 10
#: Values and characters of one pattern.
MAX_PATTERN_WEIGHT: Final = 64 * 1024
_MAX_ERRORS: Final = 50
_GROUPS: Final = ("all", "any", "not")
_FIELDS: Final = ("type", "pattern", "condition")


def compile_criteria(criteria: JsonValue, *, dialect: Dialect = "attune", pointer: str = "/criteria") -> Compiled:
    """Raises `InvalidCriteria` with a JSON pointer, below `pointer`, for each mistake."""
    compiler = _Compiler(dialect)
    try:
        nodes = compiler.entries(criteria, _Place(pointer))
    except _Enough:
        nodes = []
    if compiler.errors:
        raise InvalidCriteria(errors=compiler.errors)
    return Compiled(_all(nodes), tuple(compiler.leaves), dialect)


class _Enough(Exception):
    """No need to look further."""


@dataclass(frozen=True)
class _Place:
    """Where in the criteria, how deep, and where paths may begin there."""

    pointer: str
    depth: int = 0
    roots: tuple[str, ...] = ("trigger",)

    def at(self, key: str | int) -> "_Place":
        return replace(self, pointer=f"{self.pointer}/{escape(str(key))}")

    def deeper(self) -> "_Place":
        return replace(self, depth=self.depth + 1)

    def in_item(self) -> "_Place":
        return replace(self.deeper(), roots=("item", "trigger"))


class _Compiler:
    """Goes through criteria once and collects errors."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.errors: list[FieldError] = []
        #: Those not within a search, in order.
        self.leaves: list[Leaf | Search] = []
        self._count = 0

    def entries(self, criteria: JsonValue, place: _Place) -> list[Node]:
        """One node for each entry of an object or a list."""
        if place.depth > MAX_DEPTH:
            self._refuse(place, "too_deep", f"criteria are nested at most {MAX_DEPTH} deep")
            raise _Enough
        if isinstance(criteria, dict):
            return [self._entry(key, value, place.at(key)) for key, value in criteria.items()]
        if isinstance(criteria, list):
            return [self._item(item, place.at(number).deeper()) for number, item in enumerate(criteria)]
        self._refuse(place, "wrong_type", f"criteria are an object or a list, not {kind(criteria)}")
        return []

    def _item(self, criteria: JsonValue, place: _Place) -> Node:
        self._counted(place)
        return _all(self.entries(criteria, place))

    def _entry(self, key: str, value: JsonValue, place: _Place) -> Node:
        self._counted(place)
        if key in _GROUPS:
            return self._group(key, value, place)
        path = self._path(key, place)
        if not isinstance(value, dict):
            return self._refuse(place, "wrong_type", f"a criterion is an object with {', '.join(_FIELDS)}")
        if self.dialect == "attune":
            for name in value.keys() - set(_FIELDS):
                self._refuse(place.at(name), "unknown_field", f"a criterion has {', '.join(_FIELDS)}")
        operator = self._operator(value, place)
        if operator is None or path is None:
            return _NOTHING
        make = self._search if operator.name == SEARCH else self._leaf
        return make(path, operator, value, place)

    def _group(self, name: str, value: JsonValue, place: _Place) -> Node:
        before = len(self.leaves)
        nodes = self.entries(value, place.deeper())
        if not nodes:
            return self._refuse(place, "empty", f"{name} needs at least one criterion")
        if name == "any":
            return AnyOf(nodes)
        if name == "all":
            return All(nodes)
        return Not(_all(nodes), self.leaves[before]) if len(self.leaves) > before else _NOTHING

    def _path(self, key: str, place: _Place) -> Path | None:
        try:
            return compile_path(key, roots=place.roots)
        except BadPath as error:
            self._refuse(place, "invalid_path", f"{key[:100]!r}: {error}")
            return None

    def _operator(self, value: JsonObject, place: _Place) -> Operator | None:
        name = value.get("type")
        if isinstance(name, str) and name in OPERATORS:
            return OPERATORS[name]
        if name is None:
            self._refuse(place.at("type"), "required", "which operator?")
            return None
        close = difflib.get_close_matches(str(name)[:40], OPERATORS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(OPERATORS)}"
        self._refuse(place.at("type"), "unknown_operator", f"no operator {str(name)[:40]!r}; {hint}")
        return None

    def _search(self, path: Path, operator: Operator, value: JsonObject, place: _Place) -> Node:
        condition = value.get("condition")
        if condition not in SEARCH_CONDITIONS:
            self._refuse(place.at("condition"), "invalid", f"search needs one of {', '.join(SEARCH_CONDITIONS)}")
        kept, self.leaves = self.leaves, []  # those within have no value of their own to show
        nodes = self.entries(value.get("pattern"), place.at("pattern").in_item())
        self.leaves = kept
        if not nodes:
            self._refuse(place.at("pattern"), "empty", "search needs at least one criterion for its items")
        node = AnyOf(nodes) if condition in ("any2any", "all2any") else _all(nodes)
        needs_all_items = condition in ("all", "all2any")
        search = Search(place.pointer, path, operator, value.get("pattern"), needs_all_items, node)
        self.leaves.append(search)
        return search

    def _leaf(self, path: Path, operator: Operator, value: JsonObject, place: _Place) -> Node:
        pattern, below = value.get("pattern"), place.at("pattern")
        if "condition" in value and self.dialect == "attune":
            self._refuse(place.at("condition"), "unknown_field", "only search has a condition")
        size = weight(pattern)
        if size > MAX_PATTERN_WEIGHT:
            return self._refuse(below, "too_long", f"a pattern has at most {MAX_PATTERN_WEIGHT} characters and values")
        template = self._template(pattern, below)
        test = None if template else self._test(operator, pattern, below, is_given="pattern" in value)
        leaf = Leaf(place.pointer, path, operator, pattern, size, self.dialect, test, template)
        self.leaves.append(leaf)
        return leaf

    def _template(self, pattern: JsonValue, place: _Place) -> Template | None:
        if not isinstance(pattern, str) or not any(mark in pattern for mark in ("{{", "{%", "{#")):
            return None
        try:
            template = compile_template(pattern)
        except TemplateError as error:
            self._refuse(place, "invalid_template", str(error))
            return None
        for name in sorted(template.names - set(place.roots)):
            self._refuse(place, "unknown_name", f"a pattern knows {' and '.join(place.roots)}, not {name}")
        return template

    def _test(self, operator: Operator, pattern: JsonValue, place: _Place, *, is_given: bool) -> Test | None:
        if operator.takes == "nothing" and pattern is False and self.dialect == "attune":
            self._refuse(place, "invalid", f"{operator.name} takes no pattern; its opposite is an operator of its own")
            return None
        if pattern is None and operator.takes != "nothing":
            return self._without_pattern(operator, place, is_given=is_given)
        try:
            return operator.make(pattern, self.dialect)
        except BadPattern as error:
            self._refuse(place, error.code, str(error))
            return None

    def _without_pattern(self, operator: Operator, place: _Place, *, is_given: bool) -> Test | None:
        """StackStorm's operators say no to a pattern that is null, but `nequals` and its short form compare with it."""
        if self.dialect == "stackstorm" and is_given:
            return _TESTS_OF_NULL.get(operator.name, _never)
        hint = "to ask whether something is there, use exists or nexists"
        self._refuse(place, "required", f"{operator.name} needs a pattern; {hint}")
        return None

    def _counted(self, place: _Place) -> None:
        self._count += 1
        if self._count > MAX_CRITERIA:
            self._refuse(place, "too_many", f"a rule has at most {MAX_CRITERIA} criteria, groups and entries of lists")
            raise _Enough

    def _refuse(self, place: _Place, code: str, detail: str) -> Node:
        self.errors.append(FieldError(place.pointer, code, detail))
        if len(self.errors) >= _MAX_ERRORS:
            raise _Enough
        return _NOTHING


def _all(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else All(tuple(nodes))


def _never(*_: object) -> bool:
    return False


def _is_something(value: JsonValue, _: object) -> bool:
    return value is not None


_NOTHING: Final[Node] = All(())
_TESTS_OF_NULL: Final[dict[str, Callable[..., bool]]] = {"neq": _is_something, "nequals": _is_something}
