"""Compares the lines with the database and mends what differs."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models.functions import Now

from apps.executions import lines
from apps.executions.models import Execution, Gate, Policy
from apps.executions.slots.protocol import Grant, Outcome
from apps.executions.states import IN_LINE, TERMINAL, Status

_BATCH = 500
#: A request that has not entered its line after so long will not do it by itself.
_ENTER_AFTER = timedelta(seconds=2)


def enter_missing() -> None:
    """Enters accepted executions whose process died, or met no Redis, before it asked for their place."""
    rows = Execution.objects.filter(status=Status.REQUESTED, number__isnull=False, created_at__lt=Now() - _ENTER_AFTER)
    for gate in rows.order_by("gate").values_list("gate", flat=True).distinct():
        entries = lines.entries_of(rows.filter(gate=gate).order_by("number")[:_BATCH])
        lines.enter(entries, limits=lines.limits_of(entries))


def reconcile_lines() -> None:
    """Whoever is over, or on another attempt, leaves; who was cut off and waits again gets its old place; grants that
    were not made real are.

    Any number of processes may do this at once: both ask for what holds already, or fits no attempt any more.
    """
    position = 0
    while True:
        epoch = lines.epoch.believed()
        position, page = lines.slots().everyone(position)
        ghosts, unreal, back = _differences(page)
        entries = lines.entries_of(Execution.objects.filter(pk__in=back, status__in=IN_LINE, number__isnull=False))
        lines.enter(sorted(entries, key=lambda entry: entry.number), limits=lines.limits_of(entries))
        for grant in ghosts:
            lines.leave(grant.execution, attempt=grant.attempt)
        if unreal:
            lines.make_real(Outcome(tuple(unreal), epoch=epoch))
        if position == 0:
            return


def _differences(page: Iterable[tuple[Grant, bool]]) -> tuple[list[Grant], list[Grant], list[int]]:
    """Who should not be there; who has passed its gates without its row knowing; who holds slots of an attempt that
    was cut off, and waits with its number for the next."""
    found = dict(page)
    known = Execution.objects.filter(pk__in=[grant.execution for grant in found])
    rows = {row.pk: row for row in known.only("status", "attempt", "number")}
    ghosts, unreal, back = [], [], []
    for grant, has_passed in found.items():
        row = rows.get(grant.execution)
        if row is not None and row.attempt > grant.attempt and row.status in IN_LINE and row.number is not None:
            back.append(row.pk)
        elif row is None or row.status in TERMINAL or row.attempt != grant.attempt:
            ghosts.append(grant)
        elif has_passed and row.status in IN_LINE:
            unreal.append(grant)
    return ghosts, unreal, back


def send_limits() -> None:
    """Sends the limits of all gates with somebody waiting, in case a change was not heard, and lets in."""
    waiting = Execution.objects.filter(status__in=IN_LINE, number__isnull=False)
    gates = set(waiting.order_by().values_list("gate", flat=True).distinct())
    later = waiting.exclude(later_gates=[]).order_by().values_list("later_gates", flat=True).distinct()
    gates |= {gate for path in later for gate in path}
    rows = list(Gate.objects.filter(pk__in=[gate for gate in gates if gate]).values_list("id", "policy_id"))
    limits = [lines.limit_of(policy) for policy in Policy.objects.filter(pk__in={policy for _, policy in rows})]
    for start in range(0, len(rows), _BATCH):
        lines.set_limits(limits if start == 0 else (), gates=[gate for gate, _ in rows[start : start + _BATCH]])
