"""Ends an attempt: succeeded, failed, to be tried again, canceled.

One statement, then the line and who waits are told.
"""

import random
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone

from apps.actions.definition import OnLost, RetryRule
from apps.core.types import JsonObject, JsonValue
from apps.executions import lines, outbox
from apps.executions.afterwards import afterwards
from apps.executions.models import Execution
from apps.executions.policies.loss import CutOff, goes_back
from apps.executions.policies.retry import delay_before, may_retry
from apps.executions.secret_outputs import keep_outputs
from apps.executions.services.requeue import requeue
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.slots.rebuild import rebuild_here
from apps.executions.states import IN_LINE, Status
from apps.executions.transitions import Claimed, StaleTransition, transition


class Rules(Protocol):
    """What an action says about ends that are not its last."""

    @property
    def retry(self) -> RetryRule | None: ...
    @property
    def on_lost(self) -> OnLost: ...


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended. `facts` (duration, bytes of output) are kept with the attempt. `secret_outputs` stand as
    `***` in the result, and are kept sealed.

    `may_retry=False` ends the execution whatever its retry rule says: another try would find the same. `cut_off` says
    that the action was kept from its end: such work goes back to its place where its action allows that, and `status`
    is how it ends where it does not.
    """

    status: Status
    result: JsonValue = None
    secret_outputs: JsonObject | None = field(default=None, repr=False)
    error: JsonObject | None = None
    exit_code: int | None = None
    signal: str = ""
    reason: JsonObject | None = None
    facts: JsonObject | None = None
    may_retry: bool = True
    cut_off: CutOff | None = None


def finish(claimed: Claimed, ending: Ending, *, rules: Rules) -> Status:
    """Writes how the attempt ended and returns the execution's status of now.

    Raises `StaleTransition` when this worker was called lost meanwhile: its token is worth nothing any more.
    """
    try:
        status = _write(claimed, ending, rules=rules)
    except StaleTransition:
        # The attempt is over in the table, and whoever wrote that may have died before telling.
        if not _was_sent_back(claimed):
            _tell(claimed)
        raise
    _tell(claimed)
    return status


def _was_sent_back(claimed: Claimed) -> bool:
    """Then its slot goes over to its place in line in one call; given back alone, somebody would pass it."""
    waiting = Execution.objects.filter(pk=claimed.id, status__in=IN_LINE, number__isnull=False)
    return waiting.filter(attempt__gt=claimed.attempt).exists()


def _write(claimed: Claimed, ending: Ending, *, rules: Rules) -> Status:
    facts = {
        "exit_code": ending.exit_code,
        "signal": ending.signal or None,
        "error": ending.error,
        **(ending.facts or {}),
    }
    again, retry = None, _retry_rule(claimed, rules)
    if ending.cut_off is not None:
        again = _send_back(claimed, ending, ending.cut_off, on_lost=rules.on_lost, facts=facts)
    elif ending.may_retry and may_retry(retry, ended=ending.status, retries=claimed.retries):
        again = _try_again(claimed, ending, retry=retry, facts=facts)
    return again or _end(claimed, ending, facts=facts)


def _retry_rule(claimed: Claimed, rules: Rules) -> RetryRule:
    """The one pinned when the execution was requested, of a policy or of the action's file."""
    return RetryRule.from_json(claimed.retry) if claimed.retry is not None else rules.retry or RetryRule()


def _end(claimed: Claimed, ending: Ending, *, facts: JsonObject) -> Status:
    changes: dict[str, Any] = {
        "result": ending.result,
        "error": ending.error,
        "exit_code": ending.exit_code,
        "signal": ending.signal,
    }
    if ending.status != Status.CANCELED:  # by whom stands there already
        changes["reason"] = ending.reason
    if ending.cut_off is not None and _is_canceled(claimed, changes, facts=facts):
        return Status.CANCELED
    with transaction.atomic() if ending.secret_outputs else nullcontext():
        transition(
            claimed.id, ending.status, expected={Status.RUNNING, Status.CANCELING}, attempt=claimed.attempt,
            token=claimed.token, changes=changes, reason=ending.reason, facts=facts,
        )  # fmt: skip
        if ending.secret_outputs:
            keep_outputs(claimed.id, ending.secret_outputs)
    return ending.status


def _is_canceled(claimed: Claimed, changes: JsonObject, *, facts: JsonObject) -> bool:
    """Whether somebody wanted the end of what was cut off: then that is what it came to."""
    kept = {name: value for name, value in changes.items() if name != "reason"}
    try:
        transition(
            claimed.id, Status.CANCELED, expected={Status.CANCELING}, attempt=claimed.attempt,
            token=claimed.token, changes=kept, facts=facts,
        )  # fmt: skip
    except StaleTransition:
        return False
    return True


def _send_back(
    claimed: Claimed, ending: Ending, cut_off: CutOff, *, on_lost: OnLost, facts: JsonObject
) -> Status | None:
    """`running -> requested` at its old place; None when it may not go back, or somebody wants it canceled."""
    if not goes_back(cut_off, on_lost=on_lost, losses=claimed.losses):
        return None
    try:
        requeue(claimed, cut_off, reason=ending.reason or {}, facts=facts)
    except StaleTransition:
        return None
    return Status.REQUESTED


def _try_again(claimed: Claimed, ending: Ending, *, retry: RetryRule, facts: JsonObject) -> Status | None:
    """`running → requested` for the next attempt; None when somebody wants it canceled."""
    number = claimed.retries + 1
    delay = delay_before(retry, retry=number, random=random.random)
    text = f"attempt {claimed.attempt} ended {ending.status}; retry {number} of {retry.max_attempts - 1}"
    reason = {"code": "retry", "text": text, "retry": number, "delay_s": round(delay.total_seconds(), 3)}
    changes: dict[str, Any] = {
        "attempt": claimed.attempt + 1,
        "retries": number,
        "number": None,
        "not_before": timezone.now() + delay,
        "token": None,
        "worker_id": None,
        "reason": reason,
    }
    try:
        transition(
            claimed.id, Status.REQUESTED, expected={Status.RUNNING}, attempt=claimed.attempt, token=claimed.token,
            changes=changes, reason=reason, facts=facts,
        )  # fmt: skip
    except StaleTransition:
        return None
    return Status.REQUESTED


def _tell(claimed: Claimed) -> None:
    if claimed.gate_id is not None:
        afterwards(lambda: _leave(claimed), what="give its slot back", execution_id=claimed.id)
    outbox.hint(ended=claimed.id)


def _leave(claimed: Claimed) -> None:
    try:
        lines.leave(claimed.id, attempt=claimed.attempt)
    except StaleEpoch:
        rebuild_here()
