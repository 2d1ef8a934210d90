"""Workers that come and go, for streams."""

from django.db.models import Q

from apps.core.streaming import StateChanges
from apps.core.types import JsonObject
from apps.workers.models import Worker

KIND = "worker"


def worker_changes() -> StateChanges:
    columns = ("name", "status", "ended_at")
    return StateChanges(
        KIND, lambda: Worker.objects.only(*columns), live=Q(status__in=Worker.LIVING), describe=_describe
    )


def _describe(row: Worker) -> JsonObject:
    return {"name": row.name, "status": row.status}
