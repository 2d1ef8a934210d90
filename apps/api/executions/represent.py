"""Executions, their attempts and history as JSON. Secret parameters read `***`; they are not even loaded here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from apps.actions.definition import parsed
from apps.actions.models import ActionDefinition
from apps.core.schema import MASK
from apps.core.types import JsonObject
from apps.executions.attempts import attempts_of
from apps.executions.models import Execution, History
from apps.executions.waiting import Waiting, explain

if TYPE_CHECKING:
    from apps.executions.querysets import WithNames


def represent(executions: "Sequence[WithNames]") -> list[JsonObject]:
    """The number of queries does not depend on how many there are."""
    waiting, masks = explain(executions), _masks_of(executions)
    return [_represent(execution, waiting[execution.pk], masks) for execution in executions]


def _represent(execution: "WithNames", waiting: Waiting, masks: Mapping[int, Mapping[str, str]]) -> JsonObject:
    masked = {} if execution.secret_parameters_id is None else masks[execution.definition_id]
    base = f"/api/v1/executions/{execution.pk}"
    return {
        "id": execution.pk,
        "action": execution.action_ref,
        "pack": execution.pack_ref,
        "pack_version": execution.pack_version,
        "kind": execution.kind,
        "status": execution.status,
        "reason": waiting.reason,
        "parameters": {**execution.parameters, **masked},
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
        "requested_by": execution.requested_by_name,
        "worker": execution.worker_name,
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


def _pinned(execution: "WithNames") -> JsonObject | None:
    if execution.pinned_at is None:
        return None
    return {"reason": execution.pin_reason, "by": execution.pinned_by_name, "at": execution.pinned_at}


def _masks_of(executions: Sequence[Execution]) -> dict[int, dict[str, str]]:
    """What stands for secret parameters, by definition; no query where no execution has any."""
    wanted = {execution.definition_id for execution in executions if execution.secret_parameters_id is not None}
    definitions = ActionDefinition.objects.in_bulk(wanted) if wanted else {}
    return {
        pk: dict.fromkeys(sorted(parsed(definition.digest, definition.body).schema.secrets), MASK)
        for pk, definition in definitions.items()
    }


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
