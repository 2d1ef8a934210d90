"""Removes events that have served their time, with their verdicts and enforcements. Executions go by their own age."""

from django.conf import settings
from django.db import connection, transaction

from apps.triggers.models import Event

#: Events removed in one transaction.
BATCH = 500


@transaction.atomic(durable=True)
def collect_events() -> int:
    """Removes events received longer ago than `ATTUNE_RETENTION_EVENTS_DAYS`. Returns how many.

    Kept are those that something is still to be done for, those whose execution the rule's `overlap` looks at, and
    those that led to a pinned execution.
    """
    kept_for = settings.ATTUNE_RETENTION_EVENTS
    if kept_for is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.id FROM triggers_event e
             WHERE e.received_at < now() - make_interval(secs => %(kept)s) AND e.processed_at IS NOT NULL
               AND NOT EXISTS (
                   SELECT 1 FROM rules_enforcement f LEFT JOIN executions_pin p USING (execution_id)
                    WHERE f.event_id = e.id AND (f.status = 'pending' OR f.holds OR p.execution_id IS NOT NULL))
             ORDER BY e.received_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
            """,
            {"kept": kept_for.total_seconds(), "most": BATCH},
        )
        ids = [row[0] for row in cursor.fetchall()]
    Event.objects.filter(pk__in=ids).delete()
    return len(ids)
