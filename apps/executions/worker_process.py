"""The life of a worker process.

1. The warden is started, before there is any thread; what an earlier self left on this host is cleaned up.
2. Runtimes are detected and proven; the worker registers; its heartbeat and the cancel listener start.
3. Celery's consumer runs in the main thread until SIGTERM: hints become executions.
4. A stop: no more claims; up to `ATTUNE_DRAIN_S` for what runs, then TERM and KILL; the last heartbeat, the goodbye.
"""

import logging
import threading
from pathlib import Path
from typing import Any

import psycopg
from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connection

from apps.core import logs, tracing
from apps.core.metrics import publishing
from apps.core.version import VERSION
from apps.executions.claims import look_after_claims
from apps.executions.listener import Listener
from apps.runner.outcome import StopReason
from apps.runner.warden_client import Warden
from apps.runner.workplace import workplace
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.services import known_runtimes
from apps.workers.builds import look_after_environments
from apps.workers.capabilities import Capabilities, RuntimesNotHere, find_capabilities
from apps.workers.drain import Drain
from apps.workers.heartbeat import Heartbeat
from apps.workers.host import Host, set_current
from apps.workers.intake import Intake
from apps.workers.models import Worker
from apps.workers.services import Registration, begin_draining, end_worker, register_worker
from apps.workers.slots_pool import SlotsPool

logger = logging.getLogger(__name__)

#: The warden kills what may be started again elsewhere so much earlier than it is: 20 s before 30 s.
_SILENT_BEFORE_LOST = 2 / 3


class WorkerProcess:
    """One per process; `run` is its whole life."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._warden = Warden(silence_s=settings.ATTUNE_LOST_AFTER_S * _SILENT_BEFORE_LOST)

    def run(self) -> None:
        self._warden.start()
        try:
            with workplace(Path(settings.ATTUNE_WORK_DIR)) as work_root:
                self._run_registered(self._capabilities(), work_root)
        finally:
            self._warden.close()

    def _capabilities(self) -> Capabilities:
        try:
            capabilities = find_capabilities(
                settings.ATTUNE_POOL, known_runtimes(), only=settings.ATTUNE_WORKER_RUNTIMES
            )
        except RuntimesNotHere as error:
            raise SystemExit(f"ATTUNE_WORKER_RUNTIMES: {error}.") from error
        if not capabilities.runtimes:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in capabilities.missing.items())
            raise SystemExit(f"This host has none of the runtimes ({reasons or 'no pack brought any'}).")
        return capabilities

    def _run_registered(self, capabilities: Capabilities, work_root: Path) -> None:
        volume = volume_id(settings.ATTUNE_RUNTIME_ENVS_DIR)
        registration = Registration(
            name=settings.ATTUNE_WORKER_NAME,
            capabilities=capabilities,
            slots=settings.ATTUNE_WORKER_SLOTS,
            labels=_labels(settings.ATTUNE_WORKER_LABELS),
            version=VERSION,
            volume_id=volume,
        )
        worker = register_worker(registration)
        logs.say_worker(worker.name)
        host = Host(worker.pk, worker.name, self._warden, capabilities, volume, work_root, Intake(capabilities.queues))
        drain = Drain(host, patience_s=settings.ATTUNE_DRAIN_S)
        connection.close()
        set_current(host)
        look_after_environments(host)
        connection.close()
        heartbeat = Heartbeat(
            worker.pk,
            every_s=settings.ATTUNE_HEARTBEAT_S,
            on_beat=lambda beat_connection, status: self._after_beat(host, drain, beat_connection, status),
            on_lost=lambda: self._register_anew(host, registration),
        )
        listener = Listener(host, beat=heartbeat.beat_now)
        host.is_believed = heartbeat.is_believed
        heartbeat.start()
        listener.start()
        publisher = publishing.start()
        tracing.start("worker")
        try:
            self._consume(host, drain)
        finally:
            tracing.stop()
            publisher.stop()
            listener.stop()
            heartbeat.stop()
            end_worker(host.worker_id)
            set_current(None)
            logger.info("worker %s stopped", host.name)

    def _consume(self, host: Host, drain: Drain) -> None:
        """Celery's consumer, until it is told to stop and everything that runs has ended."""
        worker_shutting_down.connect(lambda **_: _stop(host, drain), weak=False)
        worker_ready.connect(lambda sender, **_: _begin(host, sender), weak=False)
        for queue in host.capabilities.queues:
            # A hint may be lost, so it is not worth the four writes to Redis that taking and confirming it would cost.
            self._app.amqp.queues[queue].no_ack = True
        arguments: dict[str, Any] = {
            "hostname": f"{host.name}@{host.worker_id}",
            "concurrency": settings.ATTUNE_WORKER_SLOTS,
            "pool_cls": SlotsPool,
            "queues": host.capabilities.queues,
            "without_gossip": True,
            "without_mingle": True,
            "without_heartbeat": True,
            "loglevel": "WARNING",
            "quiet": True,
        }
        self._app.Worker(**arguments).start()

    def _after_beat(
        self, host: Host, drain: Drain, beat_connection: psycopg.Connection[tuple[Any, ...]], status: str
    ) -> None:
        """Others believe that this worker lives: so may its warden. What operators asked of it is done."""
        self._warden.beat()
        look_after_claims(host, beat_connection)
        if host.intake.is_stopping:
            return
        if status == Worker.Status.ACTIVE:
            host.intake.open()
            drain.call_off()
        else:
            host.intake.close()
        if status == Worker.Status.DRAINING:
            drain.begin()

    def _register_anew(self, host: Host, registration: Registration) -> int:
        """After it was called lost: what ran is worth nothing any more and ends; new claims carry a new identity."""
        for execution_id in host.running_ids:
            host.stop(execution_id, StopReason.INTERRUPTED)
        worker = register_worker(registration)
        if not host.intake.is_open:  # what operators had asked of it holds on
            Worker.objects.filter(pk=worker.pk).update(status=Worker.Status.CORDONED)
        connection.close()
        host.worker_id, host.name = worker.pk, worker.name
        logs.say_worker(worker.name)
        return worker.pk


def _begin(host: Host, consumer: Any) -> None:
    host.intake.attach(consumer)
    logger.info("worker %s is ready: %s", host.name, _said(host))


def _stop(host: Host, drain: Drain) -> None:
    """Called inside a signal handler, so it does next to nothing itself. Celery waits for what still runs."""
    host.intake.stop()
    threading.Thread(target=_say_that_it_stops, args=[host], name="goodbye", daemon=True).start()
    drain.begin()


def _say_that_it_stops(host: Host) -> None:
    try:
        begin_draining(host.worker_id)
    except DatabaseError as error:
        logger.warning("others are not told that it drains: %s", str(error).strip().partition("\n")[0])
    connection.close()


def _labels(pairs: list[str]) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in pairs)


def _said(host: Host) -> str:
    return ", ".join(
        f"{name} {'/'.join(item.version for item in found)}" for name, found in host.capabilities.runtimes.items()
    )
