"""Executions, their attempts and history as JSON. Secret parameters read `***`; they are not even loaded here."""

from collections.abc import Iterable, Mapping, Sequence

from apps.actions.definition import parsed
from apps.core.schema import MASK
from apps.core.types import JsonObject
from apps.executions.attempts import attempts_of
from apps.executions.models import Execution, History, Pin
from apps.executions.waiting import Waiting, explain

#: What `represent` reads from other tables.
RELATED = ("definition", "requested_by", "worker", "pin__pinned_by")


def represent(executions: Sequence[Execution]) -> list[JsonObject]:
    """The number of queries does not depend on how many there are."""
    waiting = explain(executions)
    return [_represent(execution, waiting[execution.pk]) for execution in executions]


def _represent(execution: Execution, waiting: Waiting) -> JsonObject:
    base = f"/api/v1/executions/{execution.pk}"
    return {
        "id": execution.pk,
        "action": execution.action_ref,
        "pack": execution.pack_ref,
        "pack_version": execution.pack_version,
        "kind": execution.kind,
        "status": execution.status,
        "reason": waiting.reason,
        "parameters": {**execution.parameters, **_masked(execution)},
        "result": execution.result,
        "error": execution.error,
        "exit_code": execution.exit_code,
        "signal": execution.signal or None,
        "attempt": execution.attempt,
        "max_attempts": execution.max_attempts,
        "retries": execution.retries,
        "losses": execution.losses,
        "labels": execution.labels,
        "parent": execution.parent_id,
        "rerun_of": execution.rerun_of_id,
        "trace_id": str(execution.trace_id),
        "requested_by": execution.requested_by.username if execution.requested_by else None,
        "worker": execution.worker.name if execution.worker else None,
        "pool": execution.pool,
        "queue": execution.queue,
        "gates": waiting.gates,
        "not_before": execution.not_before,
        "created_at": execution.created_at,
        "scheduled_at": execution.scheduled_at,
        "started_at": execution.started_at,
        "ended_at": execution.ended_at,
        "duration_s": execution.duration_s,
        "timeout_s": execution.timeout_s,
        "pinned": _pinned(execution),
        "logs_removed_at": execution.logs_removed_at,
        "artifacts_removed_at": execution.artifacts_removed_at,
        "links": {
            name: f"{base}/{name}" for name in ("logs", "result", "artifacts", "attempts", "history", "children")
        },
    }


def _pinned(execution: Execution) -> JsonObject | None:
    pin: Pin | None = getattr(execution, "pin", None)
    if pin is None:
        return None
    return {"reason": pin.reason, "by": pin.pinned_by.username if pin.pinned_by else None, "at": pin.pinned_at}


def _masked(execution: Execution) -> Mapping[str, str]:
    if execution.secret_parameters_id is None:
        return {}
    secrets = parsed(execution.definition.digest, execution.definition.body).schema.secrets
    return dict.fromkeys(sorted(secrets), MASK)


def represent_history(rows: Iterable[History]) -> list[JsonObject]:
    return [
        {
            "status": row.status,
            "attempt": row.attempt,
            "at": row.at,
            "reason": row.reason,
            "worker": row.worker.name if row.worker else None,
        }
        for row in rows
    ]


def represent_attempts(execution: Execution, rows: Iterable[History]) -> list[JsonObject]:
    """One entry for each attempt that was started or is waiting to be, oldest first."""
    return [
        {
            "attempt": attempt.number,
            "status": attempt.status,
            "worker": attempt.worker or None,
            "started_at": attempt.started_at,
            "ended_at": attempt.ended_at,
            "reason": attempt.reason,
            "exit_code": attempt.exit_code,
            "signal": attempt.signal or None,
            "error": attempt.error,
            "duration_s": attempt.duration_s,
            "logs": attempt.logs,
            "start": attempt.start,
        }
        for attempt in attempts_of(execution, rows)
    ]
