"""Between PostgreSQL and the lines: asks for a place, makes grants real, gives slots back.

Everything here may be interrupted anywhere; `sweep` finds what was left undone. A caller that meets `StaleEpoch` or
`RedisAway` has lost nothing: the row is accepted and stands in PostgreSQL.
"""

import logging
from collections.abc import Iterable, Sequence
from functools import cache

from django.db import connection, transaction

from apps.core.database import again_if_given_up
from apps.core.redis import client
from apps.executions import dispatch
from apps.executions.models import Execution, Gate, Policy, SlotsEpoch
from apps.executions.slots.protocol import (
    Entry,
    GateRef,
    Grant,
    Limit,
    Outcome,
    Slots,
    Standing,
)
from apps.executions.slots.redis_slots import RedisSlots
from apps.executions.states import HOLDS_SLOT, IN_LINE, LIVE, Status
from apps.executions.transitions import Ticket, transition_many

logger = logging.getLogger(__name__)

#: Advisory lock: shared while a grant is made real, exclusive while the lines are built anew.
LOCK = 0x4154_0002
#: Rows read at once to fill a gap.
_GAP_PAGE = 1000


class _DatabaseEpoch:
    """The epoch this process believes in, read from the database when it is first needed or proves old."""

    def __init__(self) -> None:
        self._number: int | None = None

    def believed(self) -> int:
        return self.read_anew() if self._number is None else self._number

    def read_anew(self) -> int:
        self._number = SlotsEpoch.objects.values_list("number", flat=True).get(pk=1)
        return self._number


epoch = _DatabaseEpoch()


@cache
def slots() -> Slots:
    """The lines. Every call may raise `StaleEpoch` (they must be built anew) and `RedisAway`."""
    return RedisSlots(client(), epochs=epoch)


def enter(entries: Sequence[Entry], *, limits: Sequence[Limit]) -> None:
    """Takes the places of `entries` (by number), makes real what is granted, and marks the rest as delayed."""
    waiting: list[tuple[int, int]] = []
    for entry in entries:
        entered = slots().enter(entry, limits=limits)
        make_real(entered)
        if entered.standing is Standing.GAP:
            waiting += _fill_gap(entry, entered.next_number)
        elif entered.standing is Standing.WAITING:
            waiting.append((entry.execution, entry.attempt))
    transition_many(waiting, Status.DELAYED, expected={Status.REQUESTED})


def leave(execution_id: int, *, attempt: int) -> None:
    """Gives back whatever this attempt holds, and lets the next ones in."""
    make_real(slots().leave(Grant(execution_id, attempt)))


def make_real(outcome: Outcome) -> None:
    """Turns grants into `scheduled` rows and hints, including all that follow from them.

    A grant of an execution that has ended or is on another attempt is given back; one of an older epoch is left alone.
    """
    open_outcomes = [outcome]
    while open_outcomes:
        current = open_outcomes.pop()
        open_outcomes += [slots().leave(grant) for grant in _not_real(current)]
        if current.more:
            open_outcomes.append(slots().promote(current.more))


def promote(gates: Sequence[int]) -> None:
    """Lets in at `gates` whoever there is room for."""
    make_real(slots().promote(gates))


def tick() -> float | None:
    """Lets in at gates of a rate whose time has come. Seconds until the next one's comes; None when none waits."""
    ticked = slots().tick()
    make_real(ticked)
    return None if ticked.next_due_ms is None else ticked.next_due_ms / 1000


def set_limits(limits: Sequence[Limit], *, gates: Sequence[int]) -> None:
    """New limits are in force at once: raised ones let in, lowered ones kill nobody, 0 pauses."""
    make_real(slots().set_limits(limits, gates=gates))


def _not_real(outcome: Outcome) -> list[Grant]:
    """Makes grants real; returns those whose execution is over or on another attempt."""
    grants = outcome.granted
    if not grants:
        return []
    # Here and not in whoever asked: the lines tell of a grant once.
    moved = again_if_given_up(lambda: _scheduled(grants, epoch=outcome.epoch), is_idempotent=True)
    if moved is None:
        return []  # the lines are being built anew; what is granted then is made real then
    dispatch.hint(moved)
    made = {ticket.id for ticket in moved}
    left = [grant for grant in grants if grant.execution not in made]
    return [grant for grant in left if _is_over(grant)]


def _scheduled(grants: Sequence[Grant], *, epoch: int) -> list[Ticket] | None:
    """Those whose rows could be moved; None while somebody builds the lines anew."""
    with transaction.atomic():
        if not _shared_lock():
            return None
        wanted = [(grant.execution, grant.attempt) for grant in grants]
        return transition_many(wanted, Status.SCHEDULED, expected=IN_LINE, epoch=epoch)


def _is_over(grant: Grant) -> bool:
    live = Execution.objects.filter(pk=grant.execution, attempt=grant.attempt, status__in=LIVE)
    return not live.exists()


def _shared_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _fill_gap(entry: Entry, first_missing: int) -> list[tuple[int, int]]:
    """Enters everybody between the line's next number and `entry`; returns those who had not been asked for yet.

    Whoever has a smaller number has committed: the gate row's lock saw to that. So what is not found here has ended.
    """
    gate = entry.gates[0].gate
    rows = Execution.objects.filter(
        gate_id=gate, number__gte=first_missing, number__lte=entry.number, status__in=LIVE
    ).order_by("number")
    entered: list[tuple[int, int]] = []
    last = first_missing - 1
    while last < entry.number:
        page = entries_of(rows.filter(number__gt=last)[:_GAP_PAGE])
        last = page[-1].number if len(page) == _GAP_PAGE else entry.number
        make_real(slots().enter_many(gate, entries=page, limits=limits_of(page), through=last))
        entered += [(item.execution, item.attempt) for item in page if not item.holds]
    return entered


def entries_of(rows: Iterable[Execution]) -> list[Entry]:
    """Rows with a number as the lines know them."""
    found = list(rows)
    policies = policies_of({gate for row in found for gate in _gates_of(row)})
    return [
        Entry(
            row.pk,
            row.attempt,
            row.number or 0,
            tuple(GateRef(gate, policies[gate]) for gate in _gates_of(row)),
            holds=row.status in HOLDS_SLOT,
        )
        for row in found
    ]


def policies_of(gates: Iterable[int]) -> dict[int, int]:
    """`{gate: policy}`."""
    return dict(Gate.objects.filter(pk__in=list(gates)).values_list("id", "policy_id"))


def limits_of(entries: Iterable[Entry]) -> list[Limit]:
    """The limits in force at all gates of `entries`."""
    wanted = {ref.policy for entry in entries for ref in entry.gates}
    return [limit_of(policy) for policy in Policy.objects.filter(pk__in=wanted)]


def limit_of(policy: Policy) -> Limit:
    return Limit(policy.pk, policy.limit_in_force, policy.limit_version, policy.window_ms)


def _gates_of(row: Execution) -> list[int]:
    assert row.gate_id is not None
    return [row.gate_id, *row.later_gates]
