"""Sends hints again: those owed at once, those nobody followed after a back-off, and none into a queue that is
full of them."""

from collections.abc import Iterator

from django.db import connection

from apps.core.metrics.catalogue import HINTS_AGAIN
from apps.core.metrics.counting import count
from apps.core.redis import client, guarded
from apps.executions import dispatch
from apps.executions.definitions import definition_of
from apps.executions.models import Execution
from apps.executions.states import Status
from apps.executions.transitions import Ticket
from apps.workers.choosing import queue_for
from apps.workers.models import Worker
from apps.workers.queues import asked_in

#: A hint nobody followed is sent again after so long, then after twice that, and so on.
AGAIN_AFTER_S = 15
AGAIN_MOST_S = 300
_BATCH = 500

#: Materialized: as a mere subquery it may be run again for each row, and then finds others, past its limit.
_TAKE_DUE = f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM executions_execution
         WHERE status = 'scheduled' AND queue = %(queue)s
           AND (hinted_at IS NULL OR hinted_at < clock_timestamp()
                - least({AGAIN_AFTER_S} * power(2, least(hints, 10) - 1), {AGAIN_MOST_S}) * interval '1 second')
         ORDER BY hinted_at NULLS FIRST, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    UPDATE executions_execution e SET hinted_at = clock_timestamp(), hints = e.hints + 1
      FROM due WHERE e.id = due.id
    RETURNING e.id, e.attempt, e.queue
"""


def send_again() -> int:
    """For every queue that a living worker serves: as many hints as there are waiting executions without a message.

    Returns how many were sent.
    """
    total = 0
    waiting = Execution.objects.filter(status=Status.SCHEDULED)
    for queue in _served_queues():
        missing = waiting.filter(queue=queue).count() - _messages_in(queue)
        if missing > 0:
            tickets = _take_due(queue, most=min(missing, _BATCH))
            if dispatch.hint(tickets):
                total += len(tickets)
    count(HINTS_AGAIN, by=total)
    return total


def _served_queues() -> Iterator[str]:
    waiting = Execution.objects.filter(status=Status.SCHEDULED)
    for queue in waiting.order_by("queue").values_list("queue", flat=True).distinct():
        if Worker.objects.serving(queue).exists():
            yield queue
        elif asked_in(queue)[2]:
            yield from _reroute(queue)
        # Else a hint would only grow old; the worker that comes finds the messages that are there.


def _reroute(queue: str) -> Iterator[str]:
    """Of what waits for a version that no worker has, or has any more: to where it is served by now."""
    waiting = Execution.objects.filter(status=Status.SCHEDULED, queue=queue)
    for definition_id in waiting.order_by("definition_id").values_list("definition_id", flat=True).distinct():
        definition = definition_of(definition_id)
        better = queue_for(definition.pool, definition.runtime, definition.runtime_version)
        if better != queue:
            waiting.filter(definition_id=definition_id).update(queue=better, hinted_at=None, hints=0)
            yield better


def _messages_in(queue: str) -> int:
    with guarded():
        return int(client().llen(queue))


def _take_due(queue: str, *, most: int) -> list[Ticket]:
    """Each due execution to one of the processes that sweep; oldest hint first."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DUE, {"queue": queue, "most": most})
        return sorted((Ticket(*row) for row in cursor.fetchall()), key=lambda ticket: ticket.id)
