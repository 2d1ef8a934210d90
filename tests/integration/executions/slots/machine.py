"""A random walk over the lines, watched by an oracle that knows only what a database would know.

The oracle keeps rows (state, attempt, number, gates) and checks after every step that the store did what the rows
allow: I1 limits at the moment of grant · I2 one line at most · I3 order at the first gate · I4 nobody waits while
there is room · I7/I10 what has ended never starts · I9 a rebuild is a function of the rows · I11/I14 in the end
everybody started and all counts are 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.executions.slots.protocol import Entry, GateRef, Grant, Limit, Outcome, Snapshot, Standing
from tests.slots_world import World

#: Ways through the gates: each starts at its own line or shares an outer one.
SLOT_PATHS: tuple[tuple[int, ...], ...] = ((1,), (2,), (1, 9), (3, 2, 9), (9,))
RATE_PATHS: tuple[tuple[int, ...], ...] = ((8,), (1, 8))
GATES = (1, 2, 3, 9)
#: A rate: so many in any stretch of `WINDOW_MS`.
RATE = 8
WINDOW_MS = 1000


@dataclass
class Row:
    """What the database knows. `state`: requested (not entered), back (the same, and its last attempt still holds slots
    in the store), waiting, scheduled (granted and real), ended."""

    id: int
    path: tuple[int, ...]
    number: int
    attempt: int = 1
    state: str = "requested"


@dataclass
class Oracle:
    rows: dict[int, Row] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=lambda: dict.fromkeys((*GATES, RATE), 0))
    limits: dict[int, int] = field(default_factory=lambda: {1: 1, 2: 2, 3: 1, 9: 2, RATE: 2})
    version: int = 1
    now_ms: int = 1_000_000
    passes: list[int] = field(default_factory=list)

    def living(self) -> list[Row]:
        return [row for row in self.rows.values() if row.state != "ended"]

    def entry(self, row: Row) -> Entry:
        gates = tuple(GateRef(gate, gate) for gate in row.path)
        return Entry(row.id, row.attempt, row.number, gates, holds=row.state == "scheduled")

    def limit_list(self) -> list[Limit]:
        return [Limit(gate, most, self.version, WINDOW_MS if gate == RATE else 0) for gate, most in self.limits.items()]

    def passed_lately(self) -> int:
        return sum(at > self.now_ms - WINDOW_MS for at in self.passes)


class LinesMachine(RuleBasedStateMachine):
    make_world: ClassVar[Callable[[], World]]
    #: Fewer of them bring out sooner what only they can.
    paths: ClassVar[Sequence[tuple[int, ...]]] = SLOT_PATHS + RATE_PATHS
    #: Wraps the store in one with a bug, for the tests that this machine finds it.
    break_it: ClassVar[Callable[[Any], Any]] = staticmethod(lambda slots: slots)

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.slots = type(self).break_it(self.world.slots)
        self.oracle = Oracle()
        self.epoch = 1
        self.next_id = 100
        self.held: dict[int, int] = {}

    @initialize()
    def begin(self) -> None:
        self.world.set_clock(self.oracle.now_ms)
        self.take(self.slots.set_limits(self.oracle.limit_list(), gates=[]))

    # --- what users, workers and crashes do

    @rule(data=st.data())
    def request(self, data: st.DataObject) -> None:
        """Accepted and committed; its process may die before it enters."""
        path = data.draw(st.sampled_from(self.paths))
        self.oracle.last[path[0]] += 1
        self.next_id += 1
        self.oracle.rows[self.next_id] = Row(self.next_id, path, self.oracle.last[path[0]])

    @precondition(lambda self: self.pick("requested", "back"))
    @rule(data=st.data())
    def enter(self, data: st.DataObject) -> None:
        self.enter_row(data.draw(st.sampled_from(self.pick("requested", "back"))))

    @rule(data=st.data())
    def request_and_enter(self, data: st.DataObject) -> None:
        self.request(data)
        self.enter_row(self.oracle.rows[self.next_id])

    @precondition(lambda self: self.oracle.living())
    @rule(data=st.data())
    def enter_once_more(self, data: st.DataObject) -> None:
        """A sweep or a doubled call."""
        row = data.draw(st.sampled_from(self.oracle.living()))
        self.enter_row(row)

    @precondition(lambda self: self.pick("scheduled"))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.pick("scheduled")))
        row.state = "ended"
        self.take(self.slots.leave(Grant(row.id, row.attempt)))

    @precondition(lambda self: self.pick("scheduled"))
    @rule(data=st.data(), is_leave_lost=st.booleans())
    def retry(self, data: st.DataObject, is_leave_lost: bool) -> None:
        """A new attempt with a new number; the old one's leave may be lost with its process."""
        row = data.draw(st.sampled_from(self.pick("scheduled")))
        old = Grant(row.id, row.attempt)
        self.oracle.last[row.path[0]] += 1
        row.attempt, row.number, row.state = row.attempt + 1, self.oracle.last[row.path[0]], "requested"
        if not is_leave_lost:
            self.take(self.slots.leave(old))

    @precondition(lambda self: self.pick("scheduled"))
    @rule(data=st.data(), is_call_lost=st.booleans())
    def lose_its_worker(self, data: st.DataObject, is_call_lost: bool) -> None:
        """It waits again with the number it had; until the store is told, its old attempt keeps the slots."""
        row = data.draw(st.sampled_from(self.pick("scheduled")))
        row.attempt, row.state = row.attempt + 1, "back"
        if not is_call_lost:
            self.enter_row(row)

    @precondition(lambda self: self.pick("requested", "back", "waiting"))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.pick("requested", "back", "waiting")))
        row.state = "ended"
        self.take(self.slots.leave(Grant(row.id, row.attempt)))

    @precondition(lambda self: self.oracle.rows)
    @rule(data=st.data())
    def leave_of_an_old_attempt(self, data: st.DataObject) -> None:
        """Late, from a worker that was called lost. One that was sent back is put to its place before that."""
        row = data.draw(st.sampled_from(list(self.oracle.rows.values())))
        if row.state != "back":
            self.take(self.slots.leave(Grant(row.id, row.attempt - 1)))

    @precondition(lambda self: self.pick("waiting"))
    @rule(data=st.data())
    def fall_out_of_line_and_enter_again(self, data: st.DataObject) -> None:
        """While it is out others may pass; once it is back it stands where its number says."""
        row = data.draw(st.sampled_from(self.pick("waiting")))
        row.state = "out"
        self.take(self.slots.leave(Grant(row.id, row.attempt)))
        row.state = "requested"
        self.enter_row(row)

    @rule(ms=st.sampled_from([1, 400, 999, WINDOW_MS]))
    def let_time_pass(self, ms: int) -> None:
        self.oracle.now_ms += ms
        self.world.set_clock(self.oracle.now_ms)

    @rule()
    def tick(self) -> None:
        """Nobody waits at a rate with room when its time has come."""
        ticked = self.slots.tick()
        self.take(ticked)
        waiting, limit = self.slots.counts([RATE])[RATE].waiting, self.oracle.limits[RATE]
        if waiting and limit:
            assert self.oracle.passed_lately() >= limit, "the rate stands still"
            due = sorted(self.oracle.passes)[-limit] + WINDOW_MS - self.oracle.now_ms
            assert self.slots.tick().next_due_ms == due

    @rule(gate=st.sampled_from((*GATES, RATE)), most=st.integers(0, 3))
    def move_limit(self, gate: int, most: int) -> None:
        self.oracle.limits[gate] = most
        self.oracle.version += 1
        self.take(self.slots.set_limits(self.oracle.limit_list(), gates=[gate]))

    @rule()
    def lose_the_store(self) -> None:
        self.world.wipe()
        self.epoch += 1
        self.slots = type(self).break_it(self.world.open(self.epoch))
        living = sorted(self.oracle.living(), key=lambda row: row.number)
        snapshot = Snapshot(
            limits=self.oracle.limit_list(),
            next_numbers={gate: last + 1 for gate, last in self.oracle.last.items()},
            entries=[self.oracle.entry(row) for row in living],
            passes=[(RATE, self.oracle.now_ms - at) for at in self.oracle.passes],
        )
        self.slots.rebuild(self.epoch, snapshot)
        for row in living:
            row.state = "scheduled" if row.state == "scheduled" else "waiting"
        self.check_rebuilt()
        self.take(self.slots.promote([*GATES, RATE]))

    @rule()
    def sweep(self) -> None:
        """Whoever is over, or on another attempt, is taken out; who waits again with its number gets its place."""
        cursor, everyone = -1, []
        while cursor != 0:
            cursor, page = self.slots.everyone(max(cursor, 0))
            everyone += page
        for grant, _ in everyone:
            row = self.oracle.rows[grant.execution]
            if row.state == "back" and row.attempt > grant.attempt:
                self.enter_row(row)
            elif row.state == "ended" or row.attempt != grant.attempt:
                self.take(self.slots.leave(grant))

    # --- how Attune answers

    def enter_row(self, row: Row) -> None:
        entered = self.slots.enter(self.oracle.entry(row), limits=self.oracle.limit_list())
        assert entered.standing is not Standing.OUTDATED
        if entered.standing is Standing.GAP:
            self.take(entered)
            between = [
                other
                for other in self.oracle.living()
                if other.path[0] == row.path[0] and entered.next_number <= other.number <= row.number
            ]
            between.sort(key=lambda other: other.number)
            for other in between:
                other.state = "waiting" if other.state in ("requested", "back") else other.state
            entries = [self.oracle.entry(other) for other in between]
            limits = self.oracle.limit_list()
            self.take(self.slots.enter_many(row.path[0], entries=entries, limits=limits, through=row.number))
            return
        if row.state in ("requested", "back"):
            row.state = "waiting"
        self.take(entered)

    def take(self, outcome: Outcome) -> None:
        """Makes grants real, as soon as they are told."""
        while True:
            for grant in outcome.granted:
                self.make_real(grant)
            if not outcome.more:
                return
            outcome = self.slots.promote(outcome.more)

    def make_real(self, grant: Grant) -> None:
        row = self.oracle.rows[grant.execution]
        assert row.attempt == grant.attempt, "a grant for an attempt that is over"
        assert row.state == "waiting", f"{row} was let in"
        row.state = "scheduled"
        last = row.path[-1]
        if last == RATE:
            self.oracle.passes.append(self.oracle.now_ms)
            assert self.oracle.passed_lately() <= self.oracle.limits[RATE], f"the rate: {self.oracle.passes}"
        else:
            assert len(self.holding(last)) <= self.oracle.limits[last], f"gate {last}: {self.holding(last)}"
        overtaken = [
            other.id
            for other in self.oracle.living()
            if other.path[0] == row.path[0] and other.number < row.number and other.state not in ("scheduled", "out")
        ]
        places = self.slots.places(overtaken)
        # Whoever has passed the first gate waits further on; whoever has not must not be overtaken.
        still = [pk for pk in overtaken if pk not in places or places[pk].gate == row.path[0]]
        assert not still, f"{row} overtook {still}"

    def pick(self, *states: str) -> list[Row]:
        return [row for row in self.oracle.rows.values() if row.state in states]

    def holding(self, gate: int) -> list[int]:
        """Who has passed `gate`: let in altogether, or waiting at a gate behind it."""
        rows = [row for row in self.oracle.living() if gate in row.path]
        places = self.slots.places([row.id for row in rows if row.state == "waiting"])
        passed = [row.id for row in rows if row.state == "scheduled"]
        for row in rows:
            place = places.get(row.id)
            if place is not None and place.attempt == row.attempt:
                at = len(row.path) if place.gate is None else row.path.index(place.gate)
                passed += [row.id] if at > row.path.index(gate) else []
        return passed

    # --- what must hold after every step

    @invariant()
    def a_gate_fills_up_to_its_limit_only(self) -> None:
        """More may hold only where the limit was lowered, and then never more than before."""
        for gate in GATES:
            now, before = len(self.holding(gate)), self.held.get(gate, 0)
            assert now <= max(self.oracle.limits[gate], before), f"gate {gate}: {before} held, now {now}"
            self.held[gate] = now

    @invariant()
    def nobody_waits_while_there_is_room(self) -> None:
        counts = self.slots.counts(GATES)
        for gate in GATES:
            assert not (counts[gate].waiting and counts[gate].holding < self.oracle.limits[gate]), (
                f"gate {gate} stands still"
            )

    @invariant()
    def everybody_waits_in_one_line_at_most(self) -> None:
        standing = [execution for gate in (*GATES, RATE) for execution in self.slots.line(gate, most=-1)]
        assert len(standing) == len(set(standing))
        ended = {row.id for row in self.pick("ended")}
        assert not ended & set(standing)

    def check_rebuilt(self) -> None:
        for gate in GATES:
            held = {grant.execution for grant in self.slots.holders(gate, most=10_000)}
            assert held == {row.id for row in self.pick("scheduled") if gate in row.path}
            line = [row for row in self.pick("waiting") if row.path[0] == gate]
            assert list(self.slots.line(gate, most=-1)) == [row.id for row in sorted(line, key=lambda row: row.number)]

    def teardown(self) -> None:
        """The load stops, limits open, everything runs to its end."""
        self.sweep()
        for gate in (*GATES, RATE):
            self.move_limit(gate, 2)
        for row in self.pick("requested", "back"):
            self.enter_row(row)
        for _ in range(len(self.oracle.rows) + 1):
            while scheduled := self.pick("scheduled"):
                scheduled[0].state = "ended"
                self.take(self.slots.leave(Grant(scheduled[0].id, scheduled[0].attempt)))
            self.let_time_pass(WINDOW_MS)
            self.tick()
        assert not self.oracle.living(), f"never started: {self.oracle.living()}"
        for gate, counts in self.slots.counts([*GATES, RATE]).items():
            assert (counts.waiting, counts.holding) == (0, 0), f"gate {gate} at rest: {counts}"
