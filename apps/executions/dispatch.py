"""Tells workers that there is work. A hint carries `{execution, attempt}` and nothing else; losing one costs time
only."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from celery import current_app
from django.db.models import F
from django.db.models.functions import Now
from kombu import Producer

from apps.core.metrics.catalogue import HINTS, HINTS_OWED
from apps.core.metrics.counting import count
from apps.core.redis import RedisAway, guarded
from apps.executions.models import Execution
from apps.executions.transitions import Ticket
from apps.workers.queues import is_range

#: By name, so that who hints need not import what runs.
RUN_TASK = "executions.run"

logger = logging.getLogger(__name__)


def hint(tickets: Sequence[Ticket]) -> bool:
    """Sends a hint for each scheduled execution, all at once. False when Redis is away: their hints are then owed, and
    the sweep sends them; one that had been sent before is followed by nobody."""
    try:
        with guarded(), _producer() as producer:
            for ticket in tickets:
                if is_range(ticket.queue):
                    continue  # nobody would ever take it out
                current_app.send_task(
                    RUN_TASK, (ticket.id, ticket.attempt), queue=ticket.queue, producer=producer, retry=False
                )
    except RedisAway:
        owe(ticket.id for ticket in tickets)
        logger.warning("%d hints are owed: Redis is away", len(tickets))
        count(HINTS_OWED, by=len(tickets))
        return False
    count(HINTS, by=len(tickets))
    return True


def read_hint(arguments: Sequence[object]) -> tuple[int, int] | None:
    """The execution and the attempt a message is about; None, and a line in the log, for one we cannot have sent."""
    match arguments:
        case (bool(), _) | (_, bool()):  # which Python counts among the numbers, and PostgreSQL does not
            pass
        case (int(execution_id), int(attempt)) if 0 < execution_id < 2**63 and 0 < attempt < 2**31:
            return execution_id, attempt
    logger.warning("a forged hint runs nothing: %.200s", repr(arguments))
    return None


@contextmanager
def _producer() -> Iterator[Producer]:
    """What is published inside goes to Redis in one pipeline, when the block ends without an error."""
    with (
        current_app.producer_pool.acquire(block=True) as producer,
        producer.batch(),  # type: ignore[attr-defined]  # new in kombu 5.7, not in its stubs yet
    ):
        yield producer


def owe(execution_ids: Iterable[int]) -> None:
    """Marks hints as not sent, so that the next sweep sends them without waiting."""
    Execution.objects.filter(pk__in=list(execution_ids), status="scheduled").update(hinted_at=None)


def note_hinted(execution_ids: Iterable[int]) -> None:
    """Counts a hint that is about to be sent; a lost one is sent again after a back-off."""
    Execution.objects.filter(pk__in=list(execution_ids), status="scheduled").update(
        hinted_at=Now(), hints=F("hints") + 1
    )
