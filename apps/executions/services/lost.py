"""Ends what ran on workers that are gone, or that know nothing of it."""

import logging

from django.conf import settings

from apps.core.redis import RedisAway
from apps.executions import lines, outbox, wakeups
from apps.executions.models import Execution
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.states import ACTIVE, Status
from apps.executions.transitions import transition_many
from apps.runtimes.services import release_builds
from apps.workers.models import Worker
from apps.workers.services import mark_lost_workers

logger = logging.getLogger(__name__)

_BATCH = 200


def end_lost() -> int:
    """Calls silent workers lost and ends their executions: `abandoned`, or `canceled` where somebody had asked for
    that.

    What a worker had not claimed goes on by itself: it was never the worker's. Returns how many executions it ended.
    """
    for worker_id in mark_lost_workers(after_s=settings.ATTUNE_LOST_AFTER_S):
        name = Worker.objects.values_list("name", flat=True).get(pk=worker_id)
        logger.warning("the worker %s is lost", name)
        release_builds(name)
    gone = Execution.objects.filter(
        status__in=ACTIVE, worker__status__in=[Worker.Status.LOST, Worker.Status.STOPPED]
    ).select_related("worker")
    rows = list(gone.order_by("id")[:_BATCH])
    for execution in rows:
        _end_on_lost_worker(execution)
    return len(rows)


def end_forgotten(execution_id: int, *, attempt: int, token: int, worker: str) -> None:
    """Ends what `worker`, which lives, says it knows nothing of. Nothing for one that has moved on since."""
    execution = Execution.objects.filter(pk=execution_id, attempt=attempt, token=token, status__in=ACTIVE).first()
    if execution is not None:
        text = f"the worker {worker} claimed this and lost it, as when the database goes away in that moment"
        _end(execution, "claim_lost", text, worker=worker)


def _end_on_lost_worker(execution: Execution) -> None:
    assert execution.worker is not None
    name = execution.worker.name
    text = f"the worker {name} was lost while it ran this; what the action had done until then is not undone"
    _end(execution, "worker_lost", text, worker=name)


def _end(execution: Execution, code: str, text: str, *, worker: str) -> None:
    reason = {"code": code, "text": text, "worker": worker}
    error = {"type": code, "message": text}
    was_canceling = execution.status == Status.CANCELING
    to = Status.CANCELED if was_canceling else Status.ABANDONED
    expected = Status.CANCELING if was_canceling else Status.RUNNING
    moved = transition_many(
        [(execution.pk, execution.attempt)], to, expected={expected}, token=execution.token,
        changes={"error": error}, reason=reason, facts={"error": error},
    )  # fmt: skip
    for ticket in moved:
        logger.warning("%s: %s %s", to, code, worker, extra={"execution_id": ticket.id})
        if execution.gate_id is not None:
            try:
                lines.leave(ticket.id, attempt=ticket.attempt)
            except (RedisAway, StaleEpoch):
                logger.info("its slot is given back by the next sweep", extra={"execution_id": ticket.id})
        wakeups.publish(wakeups.ended_channel(ticket.id), "")
        outbox.hint()
