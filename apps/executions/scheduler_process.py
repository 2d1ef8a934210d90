"""The life of a scheduler process: what is due every 200 ms, a sweep every few seconds, until SIGTERM."""

import logging
import signal
import threading
import time

from apps.core.alive import still_alive
from apps.core.database import release_connection
from apps.core.metrics import publishing
from apps.executions.due import bring_on_due
from apps.executions.sweep import run_step, sweep

logger = logging.getLogger(__name__)

#: What is due starts at most so much late.
DUE_EVERY_S = 0.2
SWEEP_EVERY_S = 5.0


class SchedulerProcess:
    """Any number may run at once: each row is taken by one of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        publisher = publishing.start()
        next_sweep = time.monotonic()
        while not self._stopping.is_set():
            run_step(bring_on_due)
            if time.monotonic() >= next_sweep:
                sweep()
                release_connection()
                still_alive()
                next_sweep = time.monotonic() + SWEEP_EVERY_S
            self._stopping.wait(DUE_EVERY_S)
        publisher.stop()
        logger.info("scheduler stopped")
