"""How each attempt of an execution went, put together from its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.core.types import JsonObject
from apps.executions.models import Execution, History
from apps.executions.states import TERMINAL, Status


@dataclass
class Attempt:
    """`status` is that of the execution while it is the newest one, else how the attempt ended."""

    number: int
    status: str
    worker: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    exit_code: int | None = None
    signal: str = ""
    reason: JsonObject | None = None
    error: JsonObject | None = None
    logs: JsonObject | None = None
    start: str | None = None
    """`warm` or `cold`; None where its process is not known to have ended."""


def attempts_of(execution: Execution, rows: Iterable[History]) -> list[Attempt]:
    """Those that were started or wait to be, oldest first; `rows` with their workers, in order."""
    attempts: dict[int, Attempt] = {}
    for row in rows:
        attempt = attempts.setdefault(row.attempt, Attempt(row.attempt, row.status))
        if row.status == Status.RUNNING:
            attempt.started_at, attempt.status = row.at, row.status
            attempt.worker = row.worker.name if row.worker else ""
        elif row.status in TERMINAL or (row.facts is not None and row.status == Status.REQUESTED):
            _end(attempt, row)
        else:
            attempt.status = row.status
    attempts.setdefault(execution.attempt, Attempt(execution.attempt, execution.status))
    return [attempts[number] for number in sorted(attempts)]


def log_failed(execution: Execution, attempt: int) -> bool:
    """Whether the log of an attempt that ended could not be written to its end."""
    return execution.history.filter(attempt=attempt, facts__logs__failed=True).exists()


def _end(attempt: Attempt, row: History) -> None:
    facts: JsonObject = row.facts or {}
    attempt.status = row.status if row.status in TERMINAL else facts.get("ended", Status.FAILED)
    attempt.ended_at, attempt.reason, attempt.error = row.at, row.reason, facts.get("error")
    attempt.duration_s, attempt.exit_code = facts.get("duration_s"), facts.get("exit_code")
    attempt.signal, attempt.logs = facts.get("signal") or "", facts.get("logs")
    attempt.start = facts.get("start")
