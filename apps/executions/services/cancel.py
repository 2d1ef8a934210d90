"""Cancels executions in every live state."""

from functools import partial
from typing import TYPE_CHECKING

from apps.accounts.permissions import Verb, require
from apps.core.database import again_if_given_up
from apps.core.errors import Conflict, NotFound
from apps.executions import lines, outbox, wakeups
from apps.executions.afterwards import afterwards
from apps.executions.models import Execution
from apps.executions.states import TERMINAL, WAITING, Status
from apps.executions.transitions import StaleTransition, transition

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Tries before a race that is lost again and again is called a conflict.
_TRIES = 10


class UnknownExecution(NotFound):
    """There is no such execution, or it is not yours to see."""

    code = "unknown_execution"


class AlreadyEnded(Conflict):
    """The execution has ended."""

    code = "already_ended"


def get_execution(identity: "Identity", execution_id: int) -> Execution:
    execution = Execution.objects.visible_to(identity).filter(pk=execution_id).first()
    if execution is None:
        raise UnknownExecution(f"There is no execution {execution_id}.")
    return execution


def cancel_execution(identity: "Identity", execution_id: int) -> Execution:
    """What waits is canceled at once; what runs gets TERM, then KILL. Canceling twice is no error.

    Raises `UnknownExecution`, `Forbidden`, and `AlreadyEnded` for one that is over.
    """
    reason = {"code": "canceled", "text": f"canceled by {identity.username}", "by": identity.username}
    for _ in range(_TRIES):
        execution = get_execution(identity, execution_id)
        require(identity, Verb.EXECUTION_CANCEL, on=execution)
        if execution.status in TERMINAL:
            raise AlreadyEnded(
                f"Execution {execution_id} has ended: {execution.status}.", execution_status=execution.status
            )
        if execution.status == Status.CANCELING:
            return execution
        try:
            again_if_given_up(partial(_cancel, execution, reason), is_idempotent=False)
        except StaleTransition:
            continue  # it moved on between the look and the move
        return get_execution(identity, execution_id)
    raise Conflict(f"Execution {execution_id} changes faster than it can be canceled; try again.")


def cancel_as_system(execution_id: int, *, text: str) -> None:
    """The same by Attune itself; one that has ended, or is gone, is no error."""
    for _ in range(_TRIES):
        execution = Execution.objects.filter(pk=execution_id).first()
        if execution is None or execution.status in TERMINAL or execution.status == Status.CANCELING:
            return
        try:
            again_if_given_up(partial(_cancel, execution, {"code": "canceled", "text": text}), is_idempotent=False)
        except StaleTransition:
            continue
        return


def _cancel(execution: Execution, reason: dict[str, str]) -> None:
    if execution.status not in WAITING:
        transition(
            execution.pk, Status.CANCELING, expected={Status.RUNNING}, attempt=execution.attempt, reason=reason,
            changes={"reason": reason},
        )  # fmt: skip
        wakeups.publish(wakeups.CANCEL_CHANNEL, str(execution.pk))
        return
    end_waiting(execution, reason, expected=frozenset({Status(execution.status)}))


def end_waiting(execution: Execution, reason: dict[str, str], *, expected: frozenset[Status]) -> None:
    """`canceled` for one that has no process, out of its line. Raises `StaleTransition`."""
    transition(
        execution.pk, Status.CANCELED, expected=expected, attempt=execution.attempt, reason=reason,
        changes={"reason": reason},
    )  # fmt: skip
    if execution.gate_id is not None:
        leave = partial(lines.leave, execution.pk, attempt=execution.attempt)
        afterwards(leave, what="take it out of its line", execution_id=execution.pk)
    outbox.hint(ended=execution.pk)
