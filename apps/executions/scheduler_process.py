"""The life of a scheduler process: what is due when it is due, a sweep every few seconds, retention beside them, until
SIGTERM."""

import logging
import signal
import threading
import time
from functools import partial

from apps.core.alive import still_alive
from apps.core.database import limit_waits, release_connection
from apps.core.metrics import publishing
from apps.executions import rounds
from apps.executions.due import bring_on_due, let_in_by_rates
from apps.executions.retention.collector import Collector
from apps.executions.sweep import run_step, sweep

logger = logging.getLogger(__name__)

#: What is due starts at most so much late.
DUE_EVERY_S = 0.2
#: Between two looks at rates whose time comes sooner: grants share a millisecond rather than take a turn each.
_LEAST_S = 0.01
SWEEP_EVERY_S = 5.0


class SchedulerProcess:
    """Any number may run at once: each row is taken by one of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._pause_s = DUE_EVERY_S

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        limit_waits()
        publisher = publishing.start()
        collector = Collector()
        collector.start()
        next_sweep = time.monotonic()
        while not self._stopping.is_set():
            run_step(bring_on_due)
            run_step(self.tick)
            for step in rounds.due_steps():
                run_step(partial(self.take_turn, step), name=step.__name__)
            if time.monotonic() >= next_sweep:
                sweep()
                release_connection()
                still_alive()
                next_sweep = time.monotonic() + SWEEP_EVERY_S
            self._stopping.wait(self._pause_s)
        collector.stop()
        publisher.stop()
        logger.info("scheduler stopped")

    def tick(self) -> None:
        """Rates; and how long nothing will be due."""
        self._pause_s = DUE_EVERY_S
        self.take_turn(let_in_by_rates)

    def take_turn(self, step: rounds.DueStep) -> None:
        next_s = step()
        if next_s is not None:
            self._pause_s = min(self._pause_s, max(_LEAST_S, next_s))
