"""How operations go on, for streams."""

from django.db.models import Q

from apps.core.streaming import StateChanges
from apps.core.types import JsonObject
from apps.operations.models import Operation

KIND = "operation"


def operation_changes() -> StateChanges:
    live = Q(status__in=[Operation.Status.PENDING, Operation.Status.RUNNING])
    columns = ("kind", "status", "progress", "ended_at")
    return StateChanges(KIND, lambda: Operation.objects.only(*columns), live=live, describe=_describe)


def _describe(row: Operation) -> JsonObject:
    return {"id": row.pk, "kind": row.kind, "status": row.status, "progress": row.progress}
