"""The lines in memory: a twin of `redis_slots` without Redis, for tests and simulation.

The contract tests run on both.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from apps.executions.slots.protocol import (
    MAX_MOVES,
    Counts,
    Entered,
    Entry,
    Grant,
    Limit,
    Outcome,
    Place,
    Snapshot,
    StaleEpoch,
    Standing,
    Ticked,
    merge,
)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class _Standing:
    attempt: int
    number: int
    gates: tuple[int, ...]
    stage: int = 0
    is_returning: bool = False

    @property
    def has_passed(self) -> bool:
        return self.stage == len(self.gates)


@dataclass
class _Gate:
    policy: int
    waiting: deque[int] = field(default_factory=deque)
    returning: dict[int, int] = field(default_factory=dict)
    holders: dict[int, int] = field(default_factory=dict)
    next_number: int = 1
    passed: deque[int] = field(default_factory=deque)

    def has_line(self) -> bool:
        return bool(self.waiting or self.returning)

    def pop(self, number_of: Callable[[int], int | None]) -> int | None:
        """Who is let in next; `number_of` somebody in line is None when it passed other gates before this one."""
        if self.returning:
            number = min(self.returning)
            head = number_of(self.waiting[0]) if self.waiting else None
            if head is None or head > number:
                return self.returning.pop(number)
        return self.waiting.popleft() if self.waiting else None


@dataclass
class Store:
    """What a Redis server would hold; several `MemorySlots` share one. `wipe` is a server that came back empty."""

    epoch: int | None = None
    gates: dict[int, _Gate] = field(default_factory=dict)
    standings: dict[int, _Standing] = field(default_factory=dict)
    limits: dict[int, Limit] = field(default_factory=dict)
    due: dict[int, int] = field(default_factory=dict)
    now_ms: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000_000)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def wipe(self) -> None:
        self.__init__(now_ms=self.now_ms)  # type: ignore[misc]  # a fresh store in the same place, as a restarted server is


def _guarded(method: "Callable[Concatenate[MemorySlots, P], T]") -> "Callable[Concatenate[MemorySlots, P], T]":
    @wraps(method)
    def call(self: "MemorySlots", *args: P.args, **kwargs: P.kwargs) -> T:
        with self.store.lock:
            if self.store.epoch != self.epoch:
                raise StaleEpoch
            return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]  # `wraps` hides that `self` may stay positional


class MemorySlots:
    """The `Slots` protocol on a `Store`."""

    def __init__(self, store: Store, *, epoch: int) -> None:
        self.store = store
        self.epoch = epoch

    @_guarded
    def enter(self, entry: Entry, *, limits: Sequence[Limit]) -> Entered:
        self._take_gates(entry)
        self._take_limits(limits)
        here = self.store.standings.get(entry.execution)
        if here is not None and here.attempt > entry.attempt:
            return Entered(standing=Standing.OUTDATED)
        if here is not None and here.attempt == entry.attempt:
            return self._entered(entry, self._promote(here.gates))
        freed = self._take_out(entry.execution, here) if here is not None else []
        first = self.store.gates[entry.gates[0].gate]
        if entry.number > first.next_number:
            outcome = self._promote(freed)
            return Entered(outcome.granted, outcome.more, Standing.GAP, first.next_number, epoch=self.epoch)
        standing = self._remember(entry)
        if entry.number == first.next_number:
            first.next_number += 1
            first.waiting.append(entry.execution)
        else:
            standing.is_returning = True
            first.returning[entry.number] = entry.execution
        return self._entered(entry, self._promote([*freed, entry.gates[0].gate]))

    @_guarded
    def enter_many(self, gate: int, *, entries: Sequence[Entry], limits: Sequence[Limit], through: int) -> Outcome:
        self._take_limits(limits)
        for entry in entries:
            self._take_gates(entry)
        line = self.store.gates[gate]
        seen, touched = line.next_number, [gate]
        for entry in entries:
            here = self.store.standings.get(entry.execution)
            if entry.number < seen or (here is not None and here.attempt >= entry.attempt):
                continue
            if here is not None:
                touched += self._take_out(entry.execution, here)
            self._place(entry)
        line.next_number = max(line.next_number, through + 1)
        return self._promote(touched)

    @_guarded
    def leave(self, grant: Grant) -> Outcome:
        here = self.store.standings.get(grant.execution)
        if here is None or here.attempt != grant.attempt:
            return Outcome()
        return self._promote(self._take_out(grant.execution, here))

    @_guarded
    def set_limits(self, limits: Sequence[Limit], *, gates: Sequence[int]) -> Outcome:
        self._take_limits(limits)
        return self._promote(gates)

    @_guarded
    def promote(self, gates: Sequence[int]) -> Outcome:
        return self._promote(gates)

    def rebuild(self, epoch: int, snapshot: Snapshot) -> None:
        with self.store.lock:
            self.store.wipe()
            self.store.epoch = self.epoch = epoch
            self._take_limits(snapshot.limits)
            for entry in snapshot.entries:
                self._take_gates(entry)
                self._place(entry)
            for gate, number in snapshot.next_numbers.items():
                self.store.gates.setdefault(gate, _Gate(policy=0)).next_number = number
            for gate, ago_ms in snapshot.passes:
                self.store.gates.setdefault(gate, _Gate(policy=0)).passed.append(self.store.now_ms() - ago_ms)

    @_guarded
    def forget(self, gates: Sequence[int]) -> None:
        for gate in gates:
            self.store.gates.pop(gate, None)
            self.store.due.pop(gate, None)

    @_guarded
    def tick(self) -> Ticked:
        gates = [gate for gate, at in self.store.due.items() if at <= self.store.now_ms()]
        for gate in gates:
            del self.store.due[gate]
        outcome = self._promote(gates)
        next_due = max(0, min(self.store.due.values()) - self.store.now_ms()) if self.store.due else None
        return Ticked(outcome.granted, outcome.more, next_due, epoch=self.epoch)

    def is_current(self) -> bool:
        return self.store.epoch == self.epoch

    @_guarded
    def places(self, executions: Sequence[int]) -> Mapping[int, Place]:
        found = {}
        for execution in executions:
            if here := self.store.standings.get(execution):
                gate = None if here.has_passed else here.gates[here.stage]
                position = None if gate is None else self._line(gate).index(execution) + 1
                found[execution] = Place(here.attempt, gate, position)
        return found

    @_guarded
    def counts(self, gates: Sequence[int]) -> Mapping[int, Counts]:
        known = {gate: self.store.gates.get(gate, _Gate(policy=0)) for gate in gates}
        return {
            gate: Counts(waiting=len(line.waiting) + len(line.returning), holding=len(line.holders))
            for gate, line in known.items()
        }

    @_guarded
    def line(self, gate: int, *, most: int) -> Sequence[int]:
        line = self._line(gate)
        return line if most < 0 else line[:most]

    @_guarded
    def holders(self, gate: int, *, most: int) -> Sequence[Grant]:
        holders = self.store.gates[gate].holders if gate in self.store.gates else {}
        return [Grant(execution, attempt) for execution, attempt in holders.items()][:most]

    @_guarded
    def everyone(self, cursor: int) -> tuple[int, Sequence[tuple[Grant, bool]]]:
        return 0, [
            (Grant(execution, here.attempt), here.has_passed) for execution, here in self.store.standings.items()
        ]

    def _entered(self, entry: Entry, outcome: Outcome) -> Entered:
        passed = self.store.standings[entry.execution].has_passed
        standing = Standing.GRANTED if passed else Standing.WAITING
        return Entered(outcome.granted, outcome.more, standing, epoch=self.epoch)

    def _line(self, gate: int) -> list[int]:
        line = self.store.gates.get(gate, _Gate(policy=0))
        returning = [(line.returning[number], number) for number in sorted(line.returning)]
        return merge(returning, [(execution, self._number_here(execution)) for execution in line.waiting])

    def _number_here(self, execution: int) -> int | None:
        here = self.store.standings[execution]
        return here.number if here.stage == 0 else None

    def _take_gates(self, entry: Entry) -> None:
        for ref in entry.gates:
            self.store.gates.setdefault(ref.gate, _Gate(ref.policy)).policy = ref.policy

    def _take_limits(self, limits: Iterable[Limit]) -> None:
        for item in limits:
            known = self.store.limits.get(item.policy)
            if known is None or item.version > known.version:
                self.store.limits[item.policy] = item

    def _remember(self, entry: Entry) -> _Standing:
        standing = _Standing(entry.attempt, entry.number, tuple(ref.gate for ref in entry.gates))
        self.store.standings[entry.execution] = standing
        return standing

    def _place(self, entry: Entry) -> None:
        standing = self._remember(entry)
        if not entry.holds:
            self.store.gates[entry.gates[0].gate].waiting.append(entry.execution)
            return
        standing.stage = len(standing.gates)
        for gate in standing.gates:
            if not self._window(gate):
                self.store.gates[gate].holders[entry.execution] = entry.attempt

    def _take_out(self, execution: int, here: _Standing) -> list[int]:
        """The gates where it held a slot."""
        freed = list(here.gates[: here.stage])
        for gate in freed:
            self.store.gates[gate].holders.pop(execution, None)
        if not here.has_passed:
            line = self.store.gates[here.gates[here.stage]]
            if here.is_returning:
                line.returning.pop(here.number, None)
            else:
                line.waiting.remove(execution)
        del self.store.standings[execution]
        return freed

    def _room(self, gate: int) -> int:
        line = self.store.gates[gate]
        rule = self.store.limits.get(line.policy)
        if rule is None:
            return 0
        if rule.limit is None:
            return MAX_MOVES + 1
        return rule.limit - (self._passed_lately(line, rule.window_ms) if rule.window_ms else len(line.holders))

    def _window(self, gate: int) -> int:
        rule = self.store.limits.get(self.store.gates[gate].policy)
        return rule.window_ms if rule else 0

    def _passed_lately(self, line: _Gate, window_ms: int) -> int:
        border = self.store.now_ms() - window_ms
        while line.passed and line.passed[0] <= border:
            line.passed.popleft()
        return len(line.passed)

    def _set_alarm(self, gate: int) -> None:
        """A line at a gate of a rate goes on by itself when the oldest that passed falls out of the window."""
        line = self.store.gates[gate]
        rule = self.store.limits.get(line.policy)
        if rule is None or not rule.limit or not rule.window_ms or not line.has_line():
            return
        leaves_first = len(line.passed) - rule.limit
        if 0 <= leaves_first < len(line.passed):
            self.store.due[gate] = line.passed[leaves_first] + rule.window_ms

    def _promote(self, gates: Iterable[int]) -> Outcome:
        granted: list[Grant] = []
        more: list[int] = []
        queue = list(dict.fromkeys(gate for gate in gates if gate in self.store.gates))
        moves = 0
        while queue:
            gate = queue.pop(0)
            for _ in range(self._room(gate)):
                if moves >= MAX_MOVES:
                    more.append(gate)
                    break
                execution = self.store.gates[gate].pop(self._number_here)
                if execution is None:
                    break
                moves += 1
                following = self._let_in(execution, gate, granted)
                if following is not None and following not in queue:
                    queue.append(following)
            if self._room(gate) <= 0:
                self._set_alarm(gate)
        return Outcome(tuple(granted), tuple(more), epoch=self.epoch)

    def _let_in(self, execution: int, gate: int, granted: list[Grant]) -> int | None:
        """The gate it waits at next, or None with its grant added."""
        here = self.store.standings[execution]
        line = self.store.gates[gate]
        if not self._window(gate):
            line.holders[execution] = here.attempt
        elif self.store.limits[line.policy].limit is not None:
            line.passed.append(self.store.now_ms())
        here.stage += 1
        here.is_returning = False
        if here.has_passed:
            granted.append(Grant(execution, here.attempt))
            return None
        following = here.gates[here.stage]
        self.store.gates[following].waiting.append(execution)
        return following
