"""Sends back, or ends, what ran on workers that are gone, or that know nothing of it."""

import logging
from functools import partial
from typing import Any

from django.conf import settings

from apps.actions.definition import OnLost
from apps.core.types import JsonObject
from apps.executions import lines, outbox
from apps.executions.afterwards import afterwards
from apps.executions.api_tokens import end_api_tokens
from apps.executions.definitions import definition_of
from apps.executions.models import Execution
from apps.executions.policies.loss import MAX_LOSSES, CutOff, goes_back
from apps.executions.services.requeue import requeue
from apps.executions.states import ACTIVE, Status
from apps.executions.transitions import StaleTransition, transition_many
from apps.runtimes.services import release_builds
from apps.workers.models import Worker
from apps.workers.services import mark_lost_workers

logger = logging.getLogger(__name__)

_BATCH = 200


def end_lost() -> int:
    """Calls silent workers lost. What they ran goes back to its old place where its action allows that (`on_lost`) and
    it was not lost too often; else it ends `abandoned`, or `canceled` where somebody had asked for that.

    What a worker had not claimed goes on by itself: it was never the worker's. Returns how many executions it found.
    """
    for worker_id in mark_lost_workers(after_s=settings.ATTUNE_LOST_AFTER_S):
        name = Worker.objects.values_list("name", flat=True).get(pk=worker_id)
        logger.warning("the worker %s is lost", name)
        release_builds(name)
    gone = Execution.objects.filter(
        status__in=ACTIVE, worker__status__in=[Worker.Status.LOST, Worker.Status.STOPPED]
    ).select_related("worker")
    rows = list(gone.order_by("gate_id", "number", "id")[:_BATCH])
    for execution in rows:
        assert execution.worker is not None
        name = execution.worker.name
        _settle(execution, "worker_lost", f"the worker {name} was lost while it ran this", worker=name)
    return len(rows)


def end_forgotten(execution_id: int, *, attempt: int, token: int, worker: str) -> None:
    """The same for what `worker`, which lives, says it knows nothing of. Nothing for one that has moved on since."""
    execution = Execution.objects.filter(pk=execution_id, attempt=attempt, token=token, status__in=ACTIVE).first()
    if execution is not None:
        text = f"the worker {worker} claimed this and lost it, as when the database goes away in that moment"
        _settle(execution, "claim_lost", text, worker=worker)


def _settle(execution: Execution, code: str, text: str, *, worker: str) -> None:
    definition = definition_of(execution.definition_id)
    _send_back_or_end(execution, code, text, worker=worker, on_lost=definition.on_lost)
    # After the move: no worker issues one for an attempt that is over.
    end_api_tokens(execution.pk, definition, attempt=execution.attempt)


def _send_back_or_end(execution: Execution, code: str, text: str, *, worker: str, on_lost: OnLost) -> None:
    reason: dict[str, Any] = {"code": code, "text": text, "worker": worker, "losses": execution.losses + 1}
    if execution.status == Status.RUNNING and goes_back(CutOff.LOST, on_lost=on_lost, losses=execution.losses):
        reason["text"] += f"; it goes back to its place (loss {execution.losses + 1} of at most {MAX_LOSSES})"
        try:
            facts = {"ended": Status.ABANDONED.value, "error": {"type": code, "message": reason["text"]}}
            requeue(execution, CutOff.LOST, reason=reason, facts=facts)
        except StaleTransition:
            return  # it was settled, or is canceled, meanwhile: the next round looks again
        logger.warning("%s: it goes back", code, extra={"execution_id": execution.pk, "worker": worker})
        outbox.hint()
        return
    reason["text"] += "; what the action had done until then is not undone"
    _end(execution, reason)


def _end(execution: Execution, reason: JsonObject) -> None:
    error = {"type": reason["code"], "message": reason["text"]}
    was_canceling = execution.status == Status.CANCELING
    to = Status.CANCELED if was_canceling else Status.ABANDONED
    moved = transition_many(
        [(execution.pk, execution.attempt)], to, expected={Status(execution.status)}, token=execution.token,
        changes={"error": error}, reason=reason, facts={"error": error},
    )  # fmt: skip
    for ticket in moved:
        logger.warning("%s: %s", to, reason["code"], extra={"execution_id": ticket.id})
        if execution.gate_id is not None:
            leave = partial(lines.leave, ticket.id, attempt=ticket.attempt)
            afterwards(leave, what="give its slot back", execution_id=ticket.id)
        outbox.hint(ended=ticket.id)
