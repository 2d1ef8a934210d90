"""What the lines are asked for, and what they answer: one protocol, two stores (Redis, and a twin in memory).

A gate is a limit with a line in front of it: so many at a time, or so many in any stretch of time. An execution passes
its gates one after the other, narrowest first: it waits in one line at a time and keeps the slots it has. Every call
about an execution carries its attempt; another attempt's call changes nothing. Every call ends by letting in whoever
there is room for, so that no slot is ever free with a line waiting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

#: How many may be let in by one call; the rest is `Outcome.more`.
MAX_MOVES = 200


class StaleEpoch(Exception):
    """The store is empty, older, or another one than the caller believes: the lines must be built anew."""


@dataclass(frozen=True)
class GateRef:
    """A gate on an execution's way, and the policy whose limit it obeys."""

    gate: int
    policy: int


@dataclass(frozen=True)
class Limit:
    """`limit=None` lets everybody in. Of two limits of one policy the higher version holds.

    With `window_ms` it is a rate: no stretch of that length sees more than `limit` pass, and nobody holds a slot. All
    versions of one policy are rates, or none; of a window that becomes longer, who passed before the shorter one is
    forgotten.
    """

    policy: int
    limit: int | None
    version: int
    window_ms: int = 0


@dataclass(frozen=True)
class Entry:
    """An execution on its way through `gates`; `number` is its place at the first one.

    `holds` marks one that has passed all its gates already (only when lines are built or filled up).
    """

    execution: int
    attempt: int
    number: int
    gates: tuple[GateRef, ...]
    holds: bool = False


class Standing(StrEnum):
    """What `enter` found or did."""

    WAITING = "waiting"
    GRANTED = "granted"
    #: Somebody before it is not here yet: read the rows in between and call `enter_many`.
    GAP = "gap"
    #: A later attempt stands here; this call is old.
    OUTDATED = "outdated"


@dataclass(frozen=True)
class Grant:
    """This attempt has passed all its gates."""

    execution: int
    attempt: int


@dataclass(frozen=True)
class Outcome:
    """`granted`: who passed because of this call. `more`: gates where more could be let in; call `promote` for them.

    `epoch` is that of the lines which granted; after a rebuild others decide.
    """

    granted: tuple[Grant, ...] = ()
    more: tuple[int, ...] = ()
    epoch: int = field(default=0, kw_only=True, compare=False)


@dataclass(frozen=True)
class Entered(Outcome):
    """`next_number` is meant with `GAP`: the first number the line has not seen."""

    standing: Standing = Standing.WAITING
    next_number: int = 0


@dataclass(frozen=True)
class Ticked(Outcome):
    """`next_due_ms`: until the next may pass a rate; None when no line waits for that."""

    next_due_ms: int | None = None


@dataclass(frozen=True)
class Place:
    """Where an execution stands: in the line of `gate` at `position` (1 is next), or, with no gate, through them
    all."""

    attempt: int
    gate: int | None
    position: int | None


@dataclass(frozen=True)
class Counts:
    waiting: int
    holding: int


@dataclass(frozen=True)
class Snapshot:
    """What the lines must be, as PostgreSQL knows it. `entries` by number within each gate; `passes` of gates of a
    rate: how many ms ago somebody passed, oldest first; not when, since the store has a clock of its own."""

    limits: Sequence[Limit] = ()
    next_numbers: Mapping[int, int] = field(default_factory=dict)
    entries: Sequence[Entry] = ()
    passes: Sequence[tuple[int, int]] = ()


class Slots(Protocol):
    """Every call is atomic and idempotent, and raises `StaleEpoch` instead of guessing."""

    def enter(self, entry: Entry, *, limits: Sequence[Limit]) -> Entered: ...

    def enter_many(self, gate: int, *, entries: Sequence[Entry], limits: Sequence[Limit], through: int) -> Outcome:
        """Fills a gap: `entries` are all that live with a number up to `through`; numbers without one have ended."""

    def leave(self, grant: Grant) -> Outcome:
        """Removes it wherever it stands, at all stages."""

    def set_limits(self, limits: Sequence[Limit], *, gates: Sequence[int]) -> Outcome:
        """`gates`: where somebody may be waiting for these limits."""

    def promote(self, gates: Sequence[int]) -> Outcome: ...

    def tick(self) -> Ticked:
        """Lets in at gates of a rate whose time has come."""

    def rebuild(self, epoch: int, snapshot: Snapshot) -> None:
        """Replaces everything by `snapshot` under a new epoch. Nobody is let in; call `promote` afterwards."""

    def forget(self, gates: Sequence[int]) -> None:
        """Their rows are gone; nobody stands at them."""

    def is_current(self) -> bool:
        """Whether the store is of the epoch the callers believe in."""

    def places(self, executions: Sequence[int]) -> Mapping[int, Place]: ...

    def counts(self, gates: Sequence[int]) -> Mapping[int, Counts]: ...

    def line(self, gate: int, *, most: int) -> Sequence[int]:
        """The executions in the line, next one first."""

    def holders(self, gate: int, *, most: int) -> Sequence[Grant]: ...

    def everyone(self, cursor: int) -> tuple[int, Sequence[tuple[Grant, bool]]]:
        """A page of all executions here, each with whether it has passed its gates; the next cursor, 0 at the end."""


def merge(returning: Sequence[tuple[int, int]], waiting: Sequence[tuple[int, int | None]]) -> list[int]:
    """The line as people see it: who came late stands before everybody with a greater number.

    Both are (execution, number); in `waiting`, None is somebody who passed other gates first and has no number here.
    """
    merged: list[int] = []
    late = list(returning)
    for execution, number in waiting:
        while late and not (number is not None and number < late[0][1]):
            merged.append(late.pop(0)[0])
        merged.append(execution)
    return merged + [execution for execution, _ in late]
