"""What the database says of a worker's executions, compared with what the worker knows, at each of its heartbeats."""

from collections.abc import Sequence
from typing import Any

import psycopg

from apps.core.database import release_connection
from apps.executions.services.lost import end_forgotten
from apps.executions.states import ACTIVE, Status
from apps.runner.outcome import StopReason
from apps.workers.host import Host


def look_after_claims(host: Host, beat_connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Stops what is to be canceled, in case its message was lost, and ends what nobody works at.

    The answer to a claim may be lost with the database although it was committed: then the row says for ever that it
    runs, on a worker that lives and knows nothing of it. Who claims is in `running_ids` before the claim and until
    the end is written, so what is not there when it is looked at after the rows is such a one, or its token is worth
    nothing any more.
    """
    rows = beat_connection.execute(
        "SELECT id, attempt, token, status FROM executions_execution WHERE worker_id = %s AND status = ANY(%s)",
        [host.worker_id, [status.value for status in ACTIVE]],
    ).fetchall()
    running = set(host.running_ids)
    for execution_id, _, _, status in rows:
        if status == Status.CANCELING:
            host.stop(int(execution_id), StopReason.CANCELED)
    forgotten = [(int(row[0]), int(row[1]), int(row[2])) for row in rows if row[0] not in running]
    if forgotten:
        _end(forgotten, worker=host.name)


def _end(forgotten: Sequence[tuple[int, int, int]], *, worker: str) -> None:
    try:
        for execution_id, attempt, token in forgotten:
            end_forgotten(execution_id, attempt=attempt, token=token, worker=worker)
    finally:
        release_connection()
