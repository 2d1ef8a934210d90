"""Celery tasks that are hints: nothing is confirmed."""

from celery import Task
from celery.worker.request import Request


class HintRequest(Request):
    """Redis forgets a hint as it hands it out (`no_ack`), so a confirmation would be two wasted writes."""

    def acknowledge(self) -> None:
        self.acknowledged = True


class HintTask(Task[..., None]):
    """Base of the tasks on the queues of workers."""

    Request = f"{__name__}:{HintRequest.__name__}"
