"""Ends an attempt: succeeded, failed, to be tried again, canceled.

One statement, then the line and who waits are told.
"""

import logging
import random
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.actions.definition import RetryRule
from apps.core.redis import RedisAway
from apps.core.types import JsonObject, JsonValue
from apps.executions import lines, outbox, wakeups
from apps.executions.policies.retry import delay_before, may_retry
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.slots.rebuild import rebuild_if_stale
from apps.executions.states import Status
from apps.executions.transitions import Claimed, StaleTransition, transition

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended. `facts` (duration, bytes of output) are kept with the attempt.

    `may_retry=False` ends the execution whatever its retry rule says: another try would find the same.
    """

    status: Status
    result: JsonValue = None
    error: JsonObject | None = None
    exit_code: int | None = None
    signal: str = ""
    reason: JsonObject | None = None
    facts: JsonObject | None = None
    may_retry: bool = True


def finish(claimed: Claimed, ending: Ending, *, retry: RetryRule) -> Status:
    """Writes how the attempt ended and returns the execution's status of now.

    Raises `StaleTransition` when this worker was called lost meanwhile: its token is worth nothing any more.
    """
    try:
        status = _write(claimed, ending, retry=retry)
    except StaleTransition:
        _tell(claimed)  # the attempt is over in the table, and whoever wrote that may have died before telling
        raise
    _tell(claimed)
    return status


def _write(claimed: Claimed, ending: Ending, *, retry: RetryRule) -> Status:
    facts = {
        "exit_code": ending.exit_code,
        "signal": ending.signal or None,
        "error": ending.error,
        **(ending.facts or {}),
    }
    if ending.may_retry and may_retry(retry, ended=ending.status, retries=claimed.retries):
        status = _try_again(claimed, ending, retry=retry, facts=facts)
        if status is not None:
            return status
    changes: dict[str, Any] = {
        "result": ending.result,
        "error": ending.error,
        "exit_code": ending.exit_code,
        "signal": ending.signal,
    }
    if ending.status != Status.CANCELED:  # by whom stands there already
        changes["reason"] = ending.reason
    transition(
        claimed.id, ending.status, expected={Status.RUNNING, Status.CANCELING}, attempt=claimed.attempt,
        token=claimed.token, changes=changes, reason=ending.reason, facts=facts,
    )  # fmt: skip
    return ending.status


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
    """After commit. Whatever fails here is found by the sweep."""
    if claimed.gate_id is not None:
        try:
            lines.leave(claimed.id, attempt=claimed.attempt)
        except StaleEpoch:
            _rebuild()
        except RedisAway:
            logger.warning("its slot is given back by the sweep: Redis is away", extra={"execution_id": claimed.id})
    wakeups.publish(wakeups.ended_channel(claimed.id), "")
    outbox.hint()


def _rebuild() -> None:
    try:
        rebuild_if_stale()
    except (RedisAway, StaleEpoch) as error:
        logger.warning("the lines could not be built anew here, the sweep tries again: %r", error)
