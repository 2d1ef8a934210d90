"""Forgets operations that ended long ago, with their logs, and what Celery kept of internal tasks."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django_celery_results.models import TaskResult

from apps.operations.models import Operation

#: Rows that are removed in one round.
_BATCH = 200


@transaction.atomic(durable=True)
def collect_operations() -> int:
    """Removes operations that ended longer ago than `ATTUNE_RETENTION_OPERATIONS_DAYS`. Returns how many. Any number of
    processes may do it."""
    kept_for = settings.ATTUNE_RETENTION_OPERATIONS
    if kept_for is None:
        return 0
    old = Operation.objects.filter(ended_at__lt=Now() - kept_for).order_by("ended_at")
    ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_BATCH])
    return Operation.objects.filter(pk__in=ids).delete()[0]


@transaction.atomic(durable=True)
def collect_task_results() -> int:
    """The same for results of internal tasks, which are there to be looked at when one fails."""
    kept_for = settings.ATTUNE_RETENTION_OPERATIONS
    if kept_for is None:
        return 0
    old = TaskResult.objects.filter(date_done__lt=Now() - kept_for).order_by("date_done")
    ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_BATCH])
    return TaskResult.objects.filter(pk__in=ids).delete()[0]
