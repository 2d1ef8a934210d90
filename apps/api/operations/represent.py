"""Operations as JSON."""

from apps.core.types import JsonObject
from apps.operations.models import Operation


def represent_operation(operation: Operation) -> JsonObject:
    return {
        "id": operation.pk,
        "kind": operation.kind,
        "subject": operation.subject,
        "status": operation.status,
        "progress": operation.progress,
        "steps": operation.steps,
        "outcome": operation.outcome,
        "error": operation.error,
        "requested_by": operation.requested_by.username if operation.requested_by else None,
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "ended_at": operation.ended_at,
        "links": {"log": f"/api/v1/operations/{operation.pk}/log"},
    }
