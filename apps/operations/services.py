"""Asks for operations, runs them once, and ends those whose runner died."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from apps.core import streaming
from apps.core.errors import AttuneError
from apps.core.redis import RedisAway, guarded
from apps.core.types import JsonObject
from apps.operations import kinds
from apps.operations.models import Operation, OperationQuerySet
from apps.operations.progress import Progress

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

RUN_TASK = "operations.run"
#: After so long without a sign of life the runner of an operation counts as dead.
DEAD_AFTER = timedelta(minutes=5)
#: A hint that was not taken for so long is sent again.
HINT_AGAIN_AFTER = timedelta(seconds=15)


class HandedOver(Exception):
    """Raised by a handler that has done its part: the operation goes on with another input, in the queue that its kind
    names for it."""

    def __init__(self, operation_input: JsonObject) -> None:
        super().__init__()
        self.operation_input = operation_input


def request_operation(
    identity: "Identity | None", *, kind: str, subject: str, operation_input: JsonObject
) -> Operation:
    """Writes the operation and, after commit, tells a conductor. The sweep finds a lost hint.

    What runs for it may do no more than the token that `identity` came with.
    """
    operation = Operation.objects.create(
        kind=kind, subject=subject, input=operation_input, requested_by=identity, hinted_at=timezone.now(),
        limits=identity.token.limits if identity is not None and identity.token is not None else [],
    )  # fmt: skip
    transaction.on_commit(lambda: hint(operation.pk))
    streaming.tell("operation")
    return operation


def hint(operation_id: int) -> None:
    operation = Operation.objects.only("kind", "input").get(pk=operation_id)
    queue = kinds.queue_of(operation.kind, operation.input)
    if queue is None:
        logger.info("nobody can run the operation now; the sweep looks again", extra={"operation_id": operation_id})
        return
    try:
        with guarded():
            current_app.send_task(RUN_TASK, (operation_id,), queue=queue, retry=False)
    except RedisAway:
        logger.warning("no hint for the operation; the sweep will send it", extra={"operation_id": operation_id})
        Operation.objects.filter(pk=operation_id).update(hinted_at=None)


def run_operation(operation_id: int) -> None:
    """Runs a pending operation; a second call about the same one does nothing."""
    claimed = Operation.objects.filter(pk=operation_id, status=Operation.Status.PENDING).update(
        status=Operation.Status.RUNNING, started_at=Coalesce("started_at", Now()), alive_at=Now()
    )
    if not claimed:
        return
    streaming.tell("operation")
    operation = Operation.objects.select_related("requested_by").get(pk=operation_id)
    progress = Progress(operation)
    try:
        outcome = kinds.handler_of(operation.kind)(operation.input, progress)
    except HandedOver as handed:
        _hand_over(operation_id, progress, handed.operation_input)
    except AttuneError as error:
        progress.log(error.detail)
        for item in error.errors:
            progress.log(str(item))
        _end(operation_id, Operation.Status.FAILED, progress, error=error.as_json())
    except Exception:
        logger.exception("operation failed by a bug", extra={"operation_id": operation_id})
        detail = "This is a bug in Attune; the conductor's log has it under the operation's id."
        _end(operation_id, Operation.Status.FAILED, progress, error={"code": "internal_error", "detail": detail})
        raise
    else:
        _end(operation_id, Operation.Status.SUCCEEDED, progress, outcome=outcome)


def _end(operation_id: int, status: Operation.Status, progress: Progress, **fields: object) -> None:
    steps = progress.end_steps(status)
    Operation.objects.filter(pk=operation_id, status=Operation.Status.RUNNING).update(
        status=status, steps=steps, progress=100, ended_at=Now(), **fields
    )
    streaming.tell("operation")


def _hand_over(operation_id: int, progress: Progress, operation_input: JsonObject) -> None:
    steps = progress.end_steps(Operation.Status.SUCCEEDED)
    Operation.objects.filter(pk=operation_id, status=Operation.Status.RUNNING).update(
        status=Operation.Status.PENDING, input=operation_input, steps=steps, hinted_at=timezone.now()
    )
    hint(operation_id)
    streaming.tell("operation")


def sweep_operations() -> None:
    """Sends lost hints again and fails operations whose runner fell silent. Any number of processes may do it."""
    now = timezone.now()
    for operation in Operation.objects.due(now=now, hinted_before=HINT_AGAIN_AFTER)[:100]:
        claimed = Operation.objects.filter(
            pk=operation.pk, hinted_at=operation.hinted_at, status=Operation.Status.PENDING
        ).update(hinted_at=now)
        if claimed:
            hint(operation.pk)
    dead = Operation.objects.filter(status=Operation.Status.RUNNING, alive_at__lt=now - DEAD_AFTER)
    for operation in dead.only("steps"):
        _end_dead(operation, dead=dead)


def _end_dead(operation: Operation, *, dead: OperationQuerySet) -> None:
    detail = "The process that ran this operation died. Nothing half-done is in use; ask for it again."
    ended = {"status": Operation.Status.FAILED.value, "ended_at": timezone.now().isoformat()}
    if dead.filter(pk=operation.pk).update(
        status=Operation.Status.FAILED,
        ended_at=Now(),
        steps=[{**step, **ended} if step["status"] == "running" else step for step in operation.steps],
        error={"code": "interrupted", "detail": detail},
    ):
        streaming.tell("operation")
