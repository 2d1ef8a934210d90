"""Whether this worker takes work: what operators and its own end ask of it, and what Celery's consumer is told."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

logger = logging.getLogger(__name__)


class Intake:
    """Open until it is closed; a stop closes it for good. Threads may share it.

    A closed one also stops asking Redis for hints, so that those go to the workers that follow them. What was asked for
    already is owed again by who meets a closed intake.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self._queues = list(queues)
        self._consumer: Any = None
        self._is_open = True
        self._is_stopping = False
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._is_open and not self._is_stopping

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping

    def attach(self, consumer: Any) -> None:
        """Celery's consumer is there; it begins with all queues, and may be another one after a reconnect."""
        with self._lock:
            self._consumer = consumer
            if not self.is_open:
                self._tell(consumer.cancel_task_queue)

    def close(self) -> None:
        with self._lock:
            if self._is_open:
                logger.info("no more work is taken")
                self._is_open = False
                self._tell_consumer("cancel_task_queue")

    def open(self) -> None:
        with self._lock:
            if not self._is_open:
                logger.info("work is taken again")
                self._is_open = True
                if not self._is_stopping:
                    self._tell_consumer("add_task_queue")

    def stop(self) -> None:
        """For good. May be called inside a signal handler: it takes no lock and touches no connection."""
        self._is_stopping = True

    def _tell_consumer(self, method: str) -> None:
        if self._consumer is not None:
            self._tell(getattr(self._consumer, method))

    def _tell(self, change: Any) -> None:
        """In the consumer's own thread, where alone its channels may be touched."""
        for queue in self._queues:
            self._consumer.call_soon(change, queue)
