"""What a list of executions shows of each, and nothing else is read: results and parameters may be large."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Left

from apps.console.words import duration
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.querysets import ExecutionQuerySet
from apps.executions.states import CANCELABLE, WAITING
from apps.executions.waiting import Waiting, explain

#: Characters of an error that fit a row; the execution's page has all of it.
_ERROR_CHARACTERS = 300
_COLUMNS = (
    "action_ref", "status", "reason", "labels", "attempt", "max_attempts", "retries", "created_at", "started_at",
    "ended_at", "requested_by__username", "worker__name", "pin__reason",
    # for the reason why it waits
    "gate", "later_gates", "number", "not_before", "queue",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """`id` as text; `why` says why it waits, with its position where it stands in a line, or how it came to its
    end. `pin` says why it is kept, where it is pinned."""

    id: str
    execution: Execution
    error: str
    why: str
    is_waiting: bool
    is_cancelable: bool
    pin: str


def listed(rows: ExecutionQuerySet) -> ExecutionQuerySet:
    """`rows` with all a list shows, in one query."""
    return with_error(rows.select_related("requested_by", "worker", "pin").only(*_COLUMNS))


def with_error(rows: ExecutionQuerySet) -> ExecutionQuerySet:
    """`rows` with `error_message`, cut; the whole error may hold a long traceback."""
    return rows.annotate(error_message=Left(Cast(KT("error__message"), TextField()), _ERROR_CHARACTERS))


def described(executions: Sequence[Execution]) -> Iterator[Row]:
    """At most four queries for why they wait, however many there are."""
    waiting = explain([execution for execution in executions if execution.status in WAITING])
    for execution in executions:
        yield Row(
            str(execution.pk),
            execution,
            error=getattr(execution, "error_message", None) or "",
            why=_why(execution.reason, waiting.get(execution.pk)),
            is_waiting=execution.status in WAITING,
            is_cancelable=execution.status in CANCELABLE,
            pin=execution.pin.reason if hasattr(execution, "pin") else "",
        )


def _why(reason: JsonObject | None, waiting: Waiting | None) -> str:
    told = waiting.reason if waiting is not None else reason
    if not told:
        return ""
    estimate = f"; about {duration(told['estimate_s'])}" if told.get("estimate_s") else ""
    return f"{told.get('text') or ''}{estimate}"
