"""Forgets workers that are gone, once no execution names them any more."""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core import streaming
from apps.executions.moments import ids_between
from apps.workers.models import Worker

#: Workers looked at in one round.
_BATCH = 100
#: An execution's row may be this much younger than its worker's end: clocks of hosts differ.
_ROOM = timedelta(hours=1)


def collect_workers() -> int:
    """Removes workers that were lost or stopped longer ago than `ATTUNE_RETENTION_WORKERS_DAYS`, and longer than
    executions are kept (none where these are kept for ever). Returns how many. Any number of processes may do it.

    What is left of their time by then are kept executions: few enough to be looked through.
    """
    listed_for, executions_for = settings.ATTUNE_RETENTION_WORKERS, settings.ATTUNE_RETENTION_EXECUTIONS
    if listed_for is None or executions_for is None:
        return 0
    with transaction.atomic(durable=True):
        removed = _remove(max(listed_for, executions_for) + _ROOM)
    if removed:
        streaming.tell("worker")
    return removed


def _remove(kept_for: timedelta) -> int:
    gone = _lock_gone(kept_for)
    if not gone:
        return 0
    _, end = ids_between(None, max(worker.ended_at for worker in gone if worker.ended_at) + _ROOM)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM workers_worker w WHERE w.id = ANY(%(ids)s)
               AND NOT EXISTS (SELECT 1 FROM executions_execution e WHERE e.worker_id = w.id AND e.id < %(end)s)
               AND NOT EXISTS (SELECT 1 FROM executions_history h WHERE h.worker_id = w.id AND h.execution_id < %(end)s)
            """,
            {"ids": [worker.pk for worker in gone], "end": end},
        )
        return int(cursor.rowcount)


def _lock_gone(kept_for: timedelta) -> list[Worker]:
    gone = Worker.objects.exclude(status__in=Worker.LIVING)
    ended = gone.filter(ended_at__lt=Now() - kept_for).order_by("ended_at")
    return list(ended.select_for_update(skip_locked=True)[:_BATCH])
