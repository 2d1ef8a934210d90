"""Builds the lines anew from PostgreSQL: after Redis was emptied, restarted from a snapshot, or replaced.

Done by schedulers and workers, never by a web process. Two that start at once: the second waits for the lock, looks
again, and finds nothing to do.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import F

from apps.core.redis import RedisAway
from apps.executions import dispatch, lines
from apps.executions.models import Execution, Gate, Policy, SlotsEpoch
from apps.executions.policies.passes import newest_passes
from apps.executions.slots.protocol import Snapshot, StaleEpoch
from apps.executions.states import HOLDS_SLOT, IN_LINE, Status
from apps.executions.transitions import Ticket

logger = logging.getLogger(__name__)

#: How often a rebuild starts over when the store is emptied while it is being filled.
_TRIES = 5
#: Gates promoted, and hints sent, in one call.
_BATCH = 500


def rebuild_if_stale() -> bool:
    """Makes the lines what PostgreSQL says and lets in whoever there is room for. True when it had to.

    Raises `RedisAway`. Grants that are made real meanwhile stop at the lock; those of the old epoch come to nothing.
    """
    if lines.slots().is_current():
        return False
    with _exclusive_lock():
        lines.epoch.read_anew()
        if lines.slots().is_current():
            return False
        _rebuild()
    gates = list(
        Execution.objects.filter(status__in=IN_LINE, number__isnull=False).values_list("gate", flat=True).distinct()
    )
    for start in range(0, len(gates), _BATCH):
        lines.promote([gate for gate in gates[start : start + _BATCH] if gate is not None])
    hint_all_scheduled()
    return True


def rebuild_here() -> None:
    """`rebuild_if_stale` for who met a stale epoch on its way and has other things to do: what fails is left to the
    sweep."""
    try:
        rebuild_if_stale()
    except (RedisAway, StaleEpoch) as error:
        logger.warning("the lines could not be built anew here, the sweep tries again: %r", error)


def _rebuild() -> None:
    for _ in range(_TRIES):
        SlotsEpoch.objects.filter(pk=1).update(number=F("number") + 1)
        number = lines.epoch.read_anew()
        snapshot = _snapshot()
        try:
            lines.slots().rebuild(number, snapshot)
        except StaleEpoch:
            logger.warning("the store was emptied while epoch %d was built; starting over", number)
            continue
        logger.warning("lines built anew: epoch %d, %d executions", number, len(snapshot.entries))
        return
    raise StaleEpoch


def _snapshot() -> Snapshot:
    """Gates and live rows as of one instant."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        next_numbers = {gate: last + 1 for gate, last in Gate.objects.values_list("id", "last_seq")}
        rows = Execution.objects.filter(number__isnull=False, gate__isnull=False, status__in=HOLDS_SLOT | IN_LINE)
        entries = lines.entries_of(
            rows.only("id", "attempt", "number", "gate_id", "later_gates", "status").order_by("number")
        )
        limits = [lines.limit_of(policy) for policy in Policy.objects.with_gates()]
        passes = newest_passes()
    return Snapshot(limits=limits, next_numbers=next_numbers, entries=entries, passes=passes)


def hint_all_scheduled() -> None:
    """Whatever emptied the lines emptied the queues too: every scheduled execution is hinted again."""
    Execution.objects.filter(status=Status.SCHEDULED).update(hinted_at=None)
    last = 0
    while True:
        rows = Execution.objects.filter(status=Status.SCHEDULED, hinted_at=None, pk__gt=last).order_by("pk")
        tickets = [Ticket(*row) for row in rows.values_list("id", "attempt", "queue")[:_BATCH]]
        if not tickets:
            return
        last = tickets[-1].id
        dispatch.note_hinted(ticket.id for ticket in tickets)
        dispatch.hint(tickets)


@contextmanager
def _exclusive_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lines.LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [lines.LOCK])
