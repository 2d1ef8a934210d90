"""Compiled criteria over a payload: three answers (yes, no, a mistake), at a bounded cost, without ever raising.

The logic is Kleene's: a mistake is neither yes nor no, so `not` of it is a mistake as well, and only what is decided
without it counts: a rule never fires because something could not be asked.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from apps.core.expressions import Template, TemplateError
from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria.errors import BadPattern, Mistake, TooCostly
from apps.rules.criteria.explain import Failed, Finding, Refusal, failed_by, too_costly
from apps.rules.criteria.operators import Operator, Test
from apps.rules.criteria.paths import Path
from apps.rules.criteria.patterns import Dialect

#: Of one evaluation; a step is about 10 ns (see `patterns`), so 0.2 s on the slowest of ways.
MAX_STEPS: Final = 2**24
#: Of one evaluation, for what can only be bounded by the clock: `regex`, and templates in patterns.
MAX_TIMED_S: Final = 0.2
_STEPS_OF_A_CRITERION: Final = 300


@dataclass(frozen=True)
class Outcome:
    """Whether the criteria hold, and if not, the first criterion that said no."""

    matched: bool
    failed: Failed | None


@dataclass(frozen=True)
class Compiled:
    """Criteria, ready for any number of payloads from any number of threads."""

    node: "Node"
    leaves: Sequence["Leaf | Search"]
    dialect: Dialect

    def evaluate(self, payload: JsonObject, *, now: datetime) -> Outcome:
        """Never raises; `now` is what `timediff_*` count from."""
        run = Run(now)
        try:
            if not payload and self.leaves and self.dialect == "stackstorm":
                return Outcome(False, Failed("trigger", "", None, None, "the payload is empty", False))
            refusal = self.node.check(Scope(payload), run)
            return Outcome(True, None) if refusal is None else Outcome(False, failed_by(refusal))
        except TooCostly:
            return Outcome(False, too_costly("evaluating the criteria costs too much"))
        except (RecursionError, MemoryError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            return Outcome(False, too_costly(f"the criteria cannot be evaluated: {type(error).__name__}"))

    def explain(self, payload: JsonObject, *, now: datetime) -> list[Finding]:
        """Each criterion on its own, in order, those of a `search` within it; never raises. For testers of rules."""
        run = Run(now)
        return [_finding(leaf, payload, run) for leaf in self.leaves]


def _finding(leaf: "Leaf | Search", payload: JsonObject, run: "Run") -> Finding:
    failed: Failed | None
    try:
        refusal = leaf.check(Scope(payload), run)
        failed = None if refusal is None else failed_by(refusal)
    except TooCostly:
        failed = too_costly("evaluating the criteria costs too much")
    except (RecursionError, MemoryError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        failed = too_costly(f"the criterion cannot be evaluated: {type(error).__name__}")
    return Finding(leaf.pointer, leaf.path.text, leaf.condition, failed)


class Run:
    """What one evaluation may still spend, and when it happens."""

    __slots__ = ("now", "seconds", "steps")

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.steps = MAX_STEPS
        self.seconds = MAX_TIMED_S

    def spend(self, steps: int) -> None:
        """Raises `TooCostly` when that is more than is left."""
        self.steps -= steps
        if self.steps < 0:
            raise TooCostly

    @contextmanager
    def clock(self, most_s: float) -> Iterator[float]:
        """Charges the time within. Raises `TooCostly` when nothing is left."""
        if self.seconds <= 0:
            raise TooCostly
        began = time.monotonic()
        try:
            yield min(most_s, self.seconds)
        finally:
            self.seconds -= time.monotonic() - began


class Scope:
    """Where paths begin: the payload, and within `search` the item at hand."""

    __slots__ = ("item", "trigger")

    def __init__(self, trigger: JsonValue, item: JsonValue = None) -> None:
        self.trigger = trigger
        self.item = item

    def root(self, name: str) -> JsonValue:
        return self.item if name == "item" else self.trigger


class Node(Protocol):
    """Something that holds or does not."""

    def check(self, scope: Scope, run: Run) -> Refusal | None:
        """None when it holds. Raises `TooCostly`."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One criterion: path, operator, pattern."""

    pointer: str
    path: Path
    operator: Operator
    pattern: JsonValue
    #: Of the pattern, for what comparing with it costs.
    weight: int
    dialect: Dialect
    #: None when the pattern is a template.
    test: Test | None
    template: Template | None

    @property
    def condition(self) -> str:
        return self.operator.name

    def check(self, scope: Scope, run: Run) -> Refusal | None:
        value = self.path.find(scope.item if self.path.root == "item" else scope.trigger)
        run.spend(_STEPS_OF_A_CRITERION + (len(value) // 8 if isinstance(value, str) else self.weight))
        if value is None and not self.operator.asks_nothing:
            return Refusal(self, value, self.pattern, gap=self.path.gap(scope.root(self.path.root)))
        pattern, test = self.pattern, self.test
        try:
            if test is None:
                pattern = self._rendered(scope, run)
                test = self.operator.make(pattern, self.dialect)
            return None if test(value, run) else Refusal(self, value, pattern)
        except (Mistake, BadPattern, TemplateError) as error:
            return Refusal(self, value, pattern, mistake=str(error), is_unknown=True)

    def _rendered(self, scope: Scope, run: Run) -> JsonValue:
        assert self.template is not None
        run.spend(3 * _STEPS_OF_A_CRITERION)
        with run.clock(MAX_TIMED_S):
            return self.template.render({"trigger": scope.trigger, "item": scope.item})


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them."""

    nodes: Sequence[Node]

    def check(self, scope: Scope, run: Run) -> Refusal | None:
        return _every(node.check(scope, run) for node in self.nodes)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them."""

    nodes: Sequence[Node]

    def check(self, scope: Scope, run: Run) -> Refusal | None:
        return _some(node.check(scope, run) for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of a mistake, the mistake."""

    node: Node
    #: The first criterion within: what is shown when it holds and should not.
    leaf: "Leaf | Search"

    def check(self, scope: Scope, run: Run) -> Refusal | None:
        refusal = self.node.check(scope, run)
        if refusal is None:
            value = self.leaf.path.find(scope.root(self.leaf.path.root))
            return Refusal(self.leaf, value, self.leaf.pattern, is_negated=True)
        return refusal if refusal.is_unknown else None


@dataclass(frozen=True, slots=True)
class Search:
    """Criteria on the items of a list."""

    pointer: str
    path: Path
    operator: Operator
    pattern: JsonValue
    needs_all_items: bool
    node: Node

    @property
    def condition(self) -> str:
        return self.operator.name

    def check(self, scope: Scope, run: Run) -> Refusal | None:
        value = self.path.find(scope.root(self.path.root))
        run.spend(_STEPS_OF_A_CRITERION)
        if value is None:
            return Refusal(self, value, self.pattern, gap=self.path.gap(scope.root(self.path.root)))
        items = [value] if isinstance(value, dict) else value
        if not isinstance(items, list):
            return Refusal(self, value, self.pattern, mistake="asks for a list or an object", is_unknown=True)
        refusals = (self._of_item(number, item, scope, run) for number, item in enumerate(items))
        if self.needs_all_items:
            return _every(refusals)
        if not items:
            return Refusal(self, value, self.pattern)
        refusal = _some(refusals)
        is_telling = refusal is None or refusal.is_unknown or len(items) == 1
        return refusal if is_telling else Refusal(self, value, self.pattern)

    def _of_item(self, number: int, item: JsonValue, scope: Scope, run: Run) -> Refusal | None:
        run.spend(_STEPS_OF_A_CRITERION)
        refusal = self.node.check(Scope(scope.trigger, item), run)
        return None if refusal is None else replace(refusal, item=number)


def _every(refusals: Iterable[Refusal | None]) -> Refusal | None:
    """And: the first that said no is shown, a mistake before it too, though then it is no longer what decides."""
    first: Refusal | None = None
    for refusal in refusals:
        if refusal is None:
            continue
        if not refusal.is_unknown:
            return refusal if first is None else replace(first, is_unknown=False)
        first = first or refusal
    return first


def _some(refusals: Iterable[Refusal | None]) -> Refusal | None:
    """Or, of at least one: of those that did not hold, the first mistake is shown, or else the first."""
    first: Refusal | None = None
    others = -1
    for refusal in refusals:
        if refusal is None:
            return None
        others += 1
        if first is None or (refusal.is_unknown and not first.is_unknown):
            first = refusal
    assert first is not None
    return replace(first, others=others)
