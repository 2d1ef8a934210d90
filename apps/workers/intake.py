"""Whether this worker takes work: what operators and its own end ask of it, and what Celery's consumer is told."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

logger = logging.getLogger(__name__)


class Intake:
    """Open until it is closed; a stop closes it for good. Threads may share it.

    A closed one also stops asking Redis for hints, so that those go to the workers that follow them. What was asked for
    already is owed again by who meets a closed intake.
    """

    def __init__(self, queues: Sequence[str], *, declare: Callable[[str], object] = lambda queue: None) -> None:
        """Celery's consumer begins with `queues`; others are told to `declare` before it hears of them."""
        self._queues = list(queues)
        self._declare = declare
        self._late: list[str] = []
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
            if self.is_open:
                self._tell("add_task_queue", self._late)
            else:
                self._tell("cancel_task_queue", self._queues)

    def serve(self, queues: Sequence[str]) -> None:
        """Hints come through these from now on."""
        with self._lock:
            new, gone = _without(queues, self._queues), _without(self._queues, queues)
            for queue in new:
                self._declare(queue)
            self._queues, self._late = list(queues), [*_without(self._late, gone), *new]
            if self.is_open:
                self._tell("add_task_queue", new)
                self._tell("cancel_task_queue", gone)

    def close(self) -> None:
        with self._lock:
            if self._is_open:
                logger.info("no more work is taken")
                self._is_open = False
                self._tell("cancel_task_queue", self._queues)

    def open(self) -> None:
        with self._lock:
            if not self._is_open:
                logger.info("work is taken again")
                self._is_open = True
                if not self._is_stopping:
                    self._tell("add_task_queue", self._queues)

    def stop(self) -> None:
        """For good. May be called inside a signal handler: it takes no lock and touches no connection."""
        self._is_stopping = True

    def _tell(self, method: str, queues: Sequence[str]) -> None:
        """In the consumer's own thread, where alone its channels may be touched."""
        for queue in queues if self._consumer is not None else ():
            self._consumer.call_soon(getattr(self._consumer, method), queue)


def _without(queues: Sequence[str], others: Sequence[str]) -> list[str]:
    return [queue for queue in queues if queue not in others]
