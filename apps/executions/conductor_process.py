"""The life of a conductor process: Celery's consumer of the queue `control` with a few threads, until SIGTERM.

What it does is in the tasks of all rooms. Threads, since most of their time is spent on the database; whoever wants
more than one processor for them starts more conductors.
"""

import os
import socket

from celery import Celery

from apps.core.database import limit_waits
from apps.core.metrics import publishing
from apps.workers.slots_pool import SlotsPool


class ConductorProcess:
    """One per process; `run` is its whole life. Any number may run at once."""

    def __init__(self, app: Celery, *, threads: int) -> None:
        self._app = app
        self._threads = threads

    def run(self) -> int:
        """Until SIGTERM, and what runs then has ended. Returns an exit code."""
        limit_waits()
        publisher = publishing.start()
        try:
            consumer = self._app.Worker(
                hostname=f"conductor-{os.getpid()}@{socket.gethostname()}",
                concurrency=self._threads,
                pool_cls=SlotsPool,
                queues=[self._app.conf.task_default_queue],
                without_gossip=True,
                without_mingle=True,
                loglevel="WARNING",
                quiet=True,
            )
            consumer.start()
            return int(consumer.exitcode or 0)
        finally:
            publisher.stop()
