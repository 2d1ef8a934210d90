"""Brings on what waits for its time: `not_before`, retries in their pause, and the lines of rates."""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core.fixed_query import FixedQuery
from apps.core.redis import RedisAway
from apps.executions import dispatch, lines
from apps.executions.afterwards import afterwards
from apps.executions.models import Execution, Gate
from apps.executions.policies.gates import expires_at
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.states import Status
from apps.executions.transitions import transition_many

logger = logging.getLogger(__name__)

#: Executions brought on in one transaction.
_BATCH = 200

#: Asked five times a second by each scheduler, and mostly for nothing.
_due = FixedQuery(
    lambda: (
        Execution.objects.filter(status=Status.REQUESTED, number=None, not_before__lte=Now())
        .order_by("not_before", "id")
        .select_for_update(skip_locked=True, no_key=True)[:_BATCH]
    )
)


def bring_on_due() -> int:
    """Schedules what is due and has no gate, and gives the rest its place in line. Returns how many there were.

    Any number of processes may do this at once: each row is taken by one of them.
    """
    with transaction.atomic(durable=True):
        rows = _due()
        if not rows:
            return 0
        free = [(row.pk, row.attempt) for row in rows if row.gate_id is None]
        tickets = transition_many(free, Status.SCHEDULED, expected={Status.REQUESTED})
        gated = _deal_numbers([row for row in rows if row.gate_id is not None])
    dispatch.hint(tickets)
    if gated:
        afterwards(lambda: _enter(gated), what="enter those that are due")
    return len(rows)


def _enter(rows: Sequence[Execution]) -> None:
    entries = lines.entries_of(rows)
    lines.enter(entries, limits=lines.limits_of(entries))


def _deal_numbers(rows: Sequence[Execution]) -> list[Execution]:
    """Their places in line, in the order in which they became due. Gates are locked in the order of `take_places`."""
    gates = sorted(_gates_of(rows), key=lambda gate: (gate.policy_id, gate.key_hash))
    policies = {gate.pk: gate.policy for gate in gates}
    firsts = {row.gate_id for row in rows}
    for gate_id in [gate.pk for gate in gates if gate.pk in firsts]:
        mine = [row for row in rows if row.gate_id == gate_id]
        Gate.objects.filter(pk=gate_id).update(last_seq=F("last_seq") + len(mine), used_at=Now())
        last = Gate.objects.values_list("last_seq", flat=True).get(pk=gate_id)
        for number, row in enumerate(mine, start=last - len(mine) + 1):
            row.number = number
            row.expires_at = expires_at([policies[gate] for gate in (gate_id, *row.later_gates)])
    Execution.objects.bulk_update(rows, ["number", "expires_at"])
    return list(rows)


def _gates_of(rows: Sequence[Execution]) -> Sequence[Gate]:
    wanted = {gate for row in rows if row.gate_id is not None for gate in (row.gate_id, *row.later_gates)}
    return list(Gate.objects.filter(pk__in=wanted).select_related("policy"))


def let_in_by_rates() -> float | None:
    """Lets in at gates of a rate whose time has come. Seconds until the next one's comes; None when none waits.

    Redis away, or lines of another epoch: nobody passes, and the sweep sees to the rest.
    """
    try:
        return lines.tick()
    except (RedisAway, StaleEpoch) as error:
        logger.debug("rates wait: %r", error)
        return None
