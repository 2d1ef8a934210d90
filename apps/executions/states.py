"""The states of an execution and the arrows between them. Pure: no database, no clock.

requested → delayed → scheduled → running → succeeded | failed | timeout | canceled | abandoned
running → requested (a retry, or work that goes back)      running → canceling → canceled | …
"""

from enum import StrEnum


class Status(StrEnum):
    """StackStorm's names: its users and their tools know them."""

    REQUESTED = "requested"
    DELAYED = "delayed"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    CANCELING = "canceling"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELED = "canceled"
    ABANDONED = "abandoned"


#: An execution in one of these never changes its status again; a database trigger holds to it too.
TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT, Status.CANCELED, Status.ABANDONED})
LIVE = frozenset(Status) - TERMINAL
#: Has not been claimed yet.
WAITING = frozenset({Status.REQUESTED, Status.DELAYED, Status.SCHEDULED})
#: A process may exist.
ACTIVE = frozenset({Status.RUNNING, Status.CANCELING, Status.PAUSING, Status.RESUMING})
#: Counts against the limits of its gates.
HOLDS_SLOT = ACTIVE | {Status.SCHEDULED}
#: Stands in a line, or is about to.
IN_LINE = frozenset({Status.REQUESTED, Status.DELAYED})
CANCELABLE = LIVE - {Status.CANCELING}

_ENDS = TERMINAL
#: Every allowed arrow; `transitions` refuses all others.
ARROWS: dict[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.DELAYED, Status.SCHEDULED, Status.CANCELED, Status.FAILED}),
    Status.DELAYED: frozenset({Status.SCHEDULED, Status.CANCELED, Status.FAILED}),
    Status.SCHEDULED: frozenset({Status.RUNNING, Status.REQUESTED, Status.CANCELED, Status.FAILED}),
    Status.RUNNING: _ENDS | {Status.REQUESTED, Status.CANCELING, Status.PAUSING, Status.PENDING},
    Status.CANCELING: _ENDS,
    Status.PAUSING: _ENDS | {Status.PAUSED, Status.CANCELING},
    Status.PAUSED: frozenset({Status.RESUMING, Status.CANCELING, Status.CANCELED}),
    Status.RESUMING: _ENDS | {Status.RUNNING, Status.CANCELING},
    Status.PENDING: _ENDS | {Status.CANCELING},
    **{status: frozenset() for status in TERMINAL},
}


def may_follow(before: Status, after: Status) -> bool:
    return after in ARROWS[before]
