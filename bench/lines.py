"""One line in Valkey: what entering it, and letting in its head, take by its length. No Attune moves it meanwhile:
it stands in a database of its own on the same server."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from apps.core.redis import connect
from apps.executions.slots.protocol import Entry, GateRef, Grant, Limit, Snapshot
from apps.executions.slots.redis_slots import FixedEpoch, RedisSlots
from bench.broken import Broken
from bench.figures import Figure, at_most, milliseconds
from bench.stage import Stage

LENGTH = 10_000
_SHORT, _LONG = 1, 2
#: Ids of executions at the long gate begin here.
_OFFSET = 1_000_000
#: A machine that others use may stand still for a moment.
_PATIENCE_S = 30.0


def lines(stage: Stage) -> list[Figure]:
    """In turn: somebody enters the line and waits; its holder leaves, which lets its head in."""
    with _slots(stage.attune.settings) as slots:
        long, short = _Line(slots, _LONG, LENGTH), _Line(slots, _SHORT, 0)
        for _ in range(300 if stage.is_quick else 3_000):
            long.move()
            short.move()
    floor = "an empty line"
    what = f"gates: {{}} a line of {LENGTH:,}, {{}}"
    figures = []
    for name, at_long, at_short in (
        ("enter", long.entered, short.entered),
        ("leave and promote at", long.promoted, short.promoted),
    ):
        for percent, budget in ((50, at_most(1)), (99, None)):
            title = what.format(name, f"p{percent}")
            figures.append(milliseconds(title, percent, at_long, at_short, floor_name=floor, budget=budget))
    return figures


@dataclass
class _Line:
    """Of a gate of limit 1 that somebody holds, with `length` waiting."""

    slots: RedisSlots
    gate: int
    length: int
    entered: list[float] = field(default_factory=list)
    promoted: list[float] = field(default_factory=list)

    def move(self) -> None:
        """One in at the end, one out at the head; the line stays as long as it was. Raises `Broken`."""
        done = len(self.entered)
        last = done + self.length + 1
        started = time.perf_counter()
        self.slots.enter(_entry(self.gate, last), limits=[Limit(self.gate, 1, 1)])
        self.entered.append(time.perf_counter() - started)
        started = time.perf_counter()
        outcome = self.slots.leave(Grant(_execution(self.gate, done), 1))
        self.promoted.append(time.perf_counter() - started)
        if outcome.granted != (Grant(_execution(self.gate, done + 1), 1),):
            raise Broken(f"the line let in {outcome.granted}, which is not its head")


def _execution(gate: int, number: int) -> int:
    return gate * _OFFSET + number


def _entry(gate: int, number: int, *, holds: bool = False) -> Entry:
    return Entry(_execution(gate, number), 1, number, (GateRef(gate, gate),), holds)


@contextmanager
def _slots(settings: Mapping[str, str]) -> Iterator[RedisSlots]:
    client = connect(settings["REDIS_URL"].replace("db=0", "db=1"), timeout_s=_PATIENCE_S)
    slots = RedisSlots(client, epochs=FixedEpoch(1))
    try:
        slots.rebuild(
            1,
            Snapshot(
                limits=[Limit(gate, 1, 1) for gate in (_SHORT, _LONG)],
                next_numbers={_SHORT: 1, _LONG: LENGTH + 1},
                entries=[
                    _entry(_SHORT, 0, holds=True),
                    _entry(_LONG, 0, holds=True),
                    *(_entry(_LONG, number) for number in range(1, LENGTH + 1)),
                ],
            ),
        )
        yield slots
    finally:
        client.flushdb()
        client.close()
