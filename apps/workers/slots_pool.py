"""Celery's pool of threads, made to ask for work at the moment a slot falls free.

A worker whose slots are all busy stops asking Redis for hints, and Celery's event loop then sleeps until its next
timer, up to a second, because nothing tells it that a task has ended. Waking it is all this adds.
"""

from concurrent.futures import Future
from typing import Any

from celery.concurrency.thread import TaskPool
from kombu.asynchronous import Hub


class SlotsPool(TaskPool):
    """One thread per slot."""

    def register_with_event_loop(self, hub: Hub) -> None:
        self._hub = hub

    def on_apply(self, *args: Any, **kwargs: Any) -> Any:
        applied = super().on_apply(*args, **kwargs)
        applied.f.add_done_callback(self._wake)
        return applied

    def _wake(self, _: "Future[Any]") -> None:
        self._hub.call_soon(_nothing)


def _nothing() -> None:
    """What the loop is called up for; before it polls again it looks at the slots by itself."""
