"""A worker's sign of life: a thread and a connection of its own, so that neither busy slots nor a full pool silence it.

1. Every `every_s` one UPDATE by the database's clock. It touched a row: the warden is beaten, and `on_beat` may read.
2. It touched none: the sweep called this worker lost. `on_lost` is told once per loss; it registers anew.
3. The database cannot be reached: no beat reaches the warden, which kills what may be started again elsewhere.
"""

import logging
import threading
import time
from collections.abc import Callable

import psycopg
from django.db import connections

from apps.core.alive import still_alive

logger = logging.getLogger(__name__)

#: Longer than a beat takes that the database answers.
_PATIENCE_S = 5.0

#: Gets the connection, and the worker's status as it is in the database.
OnBeat = Callable[[psycopg.Connection[tuple[object, ...]], str], None]


class Heartbeat:
    """Started by `start`, ended by `stop`; `worker_id` may change when the worker registers anew."""

    def __init__(self, worker_id: int, *, every_s: float, on_beat: OnBeat, on_lost: Callable[[], int]) -> None:
        self.worker_id = worker_id
        self._every_s = every_s
        self._on_beat = on_beat
        self._on_lost = on_lost
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._beaten = threading.Condition()
        self._believed_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def is_believed(self) -> bool:
        """Whether others believe that this worker lives. If its last beat is long ago, it beats now, waited for."""
        if self._is_fresh():
            return True
        self._wake.set()
        with self._beaten:
            return self._beaten.wait_for(self._is_fresh, timeout=_PATIENCE_S)

    def beat_now(self) -> None:
        """Brings the next beat on; returns at once."""
        self._wake.set()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._believed_at < 2 * self._every_s

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._beat()
            except psycopg.Error as error:
                logger.warning("no heartbeat: %s", str(error).strip().splitlines()[0])
                self._disconnect()
            except Exception:
                # The thread must outlive any surprise: a silent worker loses its executions.
                logger.exception("heartbeat failed")
                self._disconnect()
            still_alive()  # whether or not the database is there: it would not come back by a restart of this
            self._wake.wait(self._every_s)
            self._wake.clear()
        self._disconnect()

    def _beat(self) -> None:
        connection = self._connect()
        row = connection.execute(
            "UPDATE workers_worker SET last_heartbeat = clock_timestamp()"
            " WHERE id = %s AND status IN ('active', 'cordoned', 'draining') RETURNING status",
            [self.worker_id],
        ).fetchone()
        if row is None:
            logger.warning("this worker was called lost; it registers anew")
            self.worker_id = self._on_lost()
            return
        self._on_beat(connection, str(row[0]))
        with self._beaten:
            self._believed_at = time.monotonic()
            self._beaten.notify_all()

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None:
            parameters = connections["default"].get_connection_params()
            for unknown in ("pool", "cursor_factory", "context", "prepare_threshold"):
                parameters.pop(unknown, None)
            # A dead connection must be noticed before this worker counts as lost.
            timeout = {"connect_timeout": 5, "options": "-c statement_timeout=5000", "tcp_user_timeout": 10_000}
            self._connection = psycopg.connect(**{**parameters, **timeout}, autocommit=True)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
