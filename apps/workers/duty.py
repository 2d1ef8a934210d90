"""Cordon, uncordon, drain: what operators ask of a worker. It obeys with its next heartbeat, which a hint brings on."""

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction

from apps.core import streaming
from apps.core.errors import Conflict, NotFound
from apps.workers.models import Worker
from apps.workers.wake import wake

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class UnknownWorker(NotFound):
    """There is no living worker of this name."""

    code = "unknown_worker"


class WorkerStopping(Conflict):
    """The worker's process is about to end; it takes nothing more."""

    code = "worker_stopping"


class Duty(StrEnum):
    """What is asked for.

    CORDON: takes nothing new, what runs goes on. DRAIN: the same, and what still runs after its patience
    (`ATTUNE_DRAIN_S`) is interrupted and goes back to its place, for other workers. UNCORDON: as before.
    """

    CORDON = "cordon"
    UNCORDON = "uncordon"
    DRAIN = "drain"


_STATUS = {
    Duty.CORDON: Worker.Status.CORDONED,
    Duty.UNCORDON: Worker.Status.ACTIVE,
    Duty.DRAIN: Worker.Status.DRAINING,
}


def set_duty(identity: "Identity", name: str, duty: Duty) -> Worker:
    """Asking twice is no error. Raises `UnknownWorker`, and `WorkerStopping` for one that ends anyway."""
    with transaction.atomic(durable=True):
        living = Worker.objects.visible_to(identity).living().select_for_update(no_key=True)
        worker = living.filter(name=name).first()
        if worker is None:
            raise UnknownWorker(f"There is no living worker called {name!r}.")
        if worker.is_stopping:
            raise WorkerStopping(f"{name} is stopping; what it is asked for now would come to nothing.")
        if worker.status != _STATUS[duty]:
            worker.status = _STATUS[duty]
            worker.save(update_fields=["status"])
            streaming.tell("worker")
    wake(worker.pk)
    return worker
