"""Tells the rest of Attune what happened, from the history: in order, in batches, each row once."""

import logging
import time
from collections.abc import Callable, Sequence

from celery import current_app
from django.db import connection, transaction

from apps.core import streaming
from apps.core.redis import RedisAway, client, guarded
from apps.core.signals import happened
from apps.executions import tally
from apps.executions.wakeups import ended_channel

logger = logging.getLogger(__name__)

ANNOUNCE_TASK = "executions.announce"
BATCH = 500
#: Set while a hint is on its way to a conductor, so that a busy fleet sends one and not thousands.
_FLAG = "attune:announcing"
#: A hint that was lost blocks the next one for no longer than this.
_FLAG_S = 5
#: Between two looks of a conductor while things happen: what happens first is announced at once, the next so much later
#: at most. A hint for each would cost more than the announcement.
_PAUSE_S = 0.01
#: The same where a look has found more than a few rows: each is a transaction, whatever it finds.
_BUSY_PAUSE_S = 0.04
_FEW = 4
#: After so long the conductor makes room for another task; less than `_FLAG_S`.
_STAY_S = 2.0


#: Called with each batch, in the transaction that announces it: what they write is written exactly once.
Receiver = Callable[[Sequence[tally.Announced]], None]
_receivers: list[Receiver] = []


def register(receiver: Receiver) -> None:
    """A whole batch at a time; who wants each by itself listens to `core.signals.happened`."""
    if receiver not in _receivers:
        _receivers.append(receiver)


def hint(*, ended: int | None = None) -> None:
    """Asks a conductor to announce, and in the same round trip wakes who waits for the end of the execution `ended`.

    Cheap when one has been asked already; a lost hint is found by the sweep.
    """
    try:
        with guarded(), client().pipeline(transaction=False) as pipeline:
            if ended is not None:
                pipeline.publish(ended_channel(ended), "")
            pipeline.set(_FLAG, "1", nx=True, ex=_FLAG_S)
            if pipeline.execute()[-1]:
                current_app.send_task(ANNOUNCE_TASK, queue="control", retry=False)
    except RedisAway:
        logger.debug("no hint for announcements: Redis is away")


def announce_until_quiet() -> int:
    """What a hint asks for: announces, again and again while there is something; returns how many rows.

    The flag stands meanwhile, so that nobody hints at what the next look finds.
    """
    total, deadline = 0, time.monotonic() + _STAY_S
    while time.monotonic() < deadline and (count := _announce_open()):
        total += count
        time.sleep(_PAUSE_S if count <= _FEW else _BUSY_PAUSE_S)
    return total + announce_all()


def announce_all() -> int:
    """Announces everything that is not announced yet; returns how many rows.

    The flag is taken down first: what happens from now on asks for another round.
    """
    try:
        with guarded():
            client().delete(_FLAG)
    except RedisAway:
        logger.debug("announcing without Redis")
    return _announce_open()


def _announce_open() -> int:
    total = 0
    while count := _announce_batch():
        total += count
        if count < BATCH:
            break
    if total:
        streaming.tell("execution")
    return total


@transaction.atomic(durable=True)
def _announce_batch() -> int:
    """One batch. Receivers write rows in this transaction, so each announcement is taken exactly once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH open AS (
                SELECT id FROM executions_history WHERE announced_at IS NULL
                 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
            UPDATE executions_history h SET announced_at = clock_timestamp()
              FROM open, executions_execution e WHERE h.id = open.id AND e.id = h.execution_id
            RETURNING h.id, h.execution_id, h.attempt, h.status,
                      greatest(0, extract(epoch FROM h.at - greatest(e.created_at, e.not_before))::float),
                      (h.facts->>'duration_s')::float, e.gate_id IS NOT NULL
            """,
            [BATCH],
        )
        rows = sorted(tally.Announced(*row) for row in cursor.fetchall())
    for row in rows:
        payload = {"attempt": row.attempt, "status": row.status}
        happened.send(sender=None, kind="execution", subject=row.execution_id, payload=payload)
    for receiver in _receivers if rows else ():
        receiver(rows)
    tally.count(rows)  # last: its rows are locked until the commit
    return len(rows)
