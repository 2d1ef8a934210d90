"""Registers workers, keeps their names apart, and ends them."""

import logging
import os
import socket
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from apps.core import streaming
from apps.core.errors import Conflict
from apps.core.signals import happened
from apps.core.types import JsonObject
from apps.workers.capabilities import Capabilities
from apps.workers.models import Worker

logger = logging.getLogger(__name__)

#: How many workers of one pool a host may name by number.
_MAX_NUMBER = 10_000


class WorkerNameTaken(Conflict):
    """A living worker has this name."""

    code = "worker_name_taken"


@dataclass(frozen=True)
class Registration:
    """What a worker says of itself. An empty `name` asks for `{host}-{pool}-{n}`.

    `runs_as` is the user of actions and builds; `is_apart`: not the worker's own.
    """

    name: str
    capabilities: Capabilities
    slots: int
    labels: JsonObject
    version: str
    volume_id: str
    runs_as: str = ""
    is_apart: bool = False


def register_worker(registration: Registration) -> Worker:
    """A new active worker. Raises `WorkerNameTaken` when the operator's name belongs to a living one."""
    if registration.name:
        worker = _try_name(registration, registration.name)
        if worker is None:
            raise WorkerNameTaken(
                f"A living worker is called {registration.name!r}; give this one another ATTUNE_WORKER_NAME, "
                "or wait until the other is gone or counts as lost."
            )
        return worker
    base = f"{socket.gethostname()}-{registration.capabilities.pool}"
    for number in range(1, _MAX_NUMBER):
        if worker := _try_name(registration, f"{base}-{number}"):
            return worker
    raise WorkerNameTaken(f"There are {_MAX_NUMBER} workers called {base}-…")


def _try_name(registration: Registration, name: str) -> Worker | None:
    if Worker.objects.living().filter(name=name).exists():
        return None
    try:
        with transaction.atomic():
            streaming.tell("worker")
            return Worker.objects.create(
                name=name,
                host=socket.gethostname(),
                pid=os.getpid(),
                pool=registration.capabilities.pool,
                labels=registration.labels,
                runtimes=registration.capabilities.as_json(),
                missing_runtimes=dict(registration.capabilities.missing),
                queues=registration.capabilities.queues,
                slots=registration.slots,
                version=registration.version,
                volume_id=registration.volume_id,
                runs_as=registration.runs_as[:64],
                is_apart=registration.is_apart,
            )
    except IntegrityError:  # somebody took the name between the look and the row
        return None


def tell_capabilities(worker_id: int, capabilities: Capabilities) -> None:
    """What a living worker serves from now on."""
    Worker.objects.living().filter(pk=worker_id).update(
        runtimes=capabilities.as_json(), missing_runtimes=dict(capabilities.missing), queues=capabilities.queues
    )
    streaming.tell("worker")


def begin_draining(worker_id: int) -> None:
    """Its process was told to end: unlike a drain that operators ask for, nothing takes this back."""
    Worker.objects.living().filter(pk=worker_id).update(status=Worker.Status.DRAINING, is_stopping=True)
    streaming.tell("worker")


def end_worker(worker_id: int) -> None:
    """A clean stop. A worker that was called lost meanwhile stays lost."""
    Worker.objects.living().filter(pk=worker_id).update(status=Worker.Status.STOPPED, ended_at=Now())
    streaming.tell("worker")


@transaction.atomic
def mark_lost_workers(*, after_s: float) -> list[int]:
    """Calls lost every living worker without a heartbeat for `after_s` by the database's clock, and returns their ids.

    Not in the first `after_s` after PostgreSQL itself started: then nobody could have written a heartbeat.
    Any number of processes may do this at once; each worker is returned to exactly one of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH silent AS MATERIALIZED (
                SELECT id FROM workers_worker
                 WHERE status IN ('active', 'cordoned', 'draining')
                   AND last_heartbeat < clock_timestamp() - make_interval(secs => %(after)s)
                   AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %(after)s)
                 ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)
            UPDATE workers_worker w SET status = 'lost', ended_at = clock_timestamp()
              FROM silent WHERE w.id = silent.id
            RETURNING w.id
            """,
            {"after": after_s},
        )
        lost = [row[0] for row in cursor.fetchall()]
    for worker in Worker.objects.filter(pk__in=lost):
        payload = {"worker": worker.name, "host": worker.host, "pool": worker.pool}
        happened.send(sender=Worker, kind="worker_lost", subject=worker.name, payload=payload)
    if lost:
        streaming.tell("worker")
    return lost
