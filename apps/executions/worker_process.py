"""The life of a worker process.

1. The warden is started, before there is any thread; what an earlier self left on this host is cleaned up.
2. Runtimes are detected and proven; the worker registers; its heartbeat and the cancel listener start. Runtimes that
   come later are looked for when they come.
3. Celery's consumer runs in the main thread until SIGTERM: hints become executions.
4. A stop: no more claims; up to `ATTUNE_DRAIN_S` for what runs, then TERM and KILL; the last heartbeat, the goodbye.
"""

import gc
import logging
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import connection

from apps.core import logs, tracing
from apps.core.database import limit_waits
from apps.core.metrics import publishing
from apps.core.repeating import Repeating
from apps.core.version import VERSION
from apps.executions.listener import Listener
from apps.executions.member import Member
from apps.runner.spec import RunAs
from apps.runner.warden_client import Warden
from apps.runner.workplace import workplace
from apps.runtimes.environments.volume import volume_id
from apps.workers.builds import look_after_environments
from apps.workers.capabilities import Capabilities
from apps.workers.disk import DiskWatch
from apps.workers.footing import capabilities_here, run_as_here, why_none
from apps.workers.heartbeat import Heartbeat
from apps.workers.host import Host, set_current
from apps.workers.intake import Intake
from apps.workers.newcomers import Newcomers
from apps.workers.run_as import name_of
from apps.workers.services import Registration, end_worker, register_worker
from apps.workers.slots_pool import SlotsPool
from apps.workers.tidying import tidy_host

logger = logging.getLogger(__name__)

#: The warden kills what may be started again elsewhere so much earlier than it is: 20 s before 30 s.
_SILENT_BEFORE_LOST = 2 / 3
#: Between two looks for old versions of packs and environments on this host.
_TIDY_EVERY_S = 3600.0


class WorkerProcess:
    """One per process; `run` is its whole life."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._is_told_to_end = False
        self._warden = Warden(
            silence_s=settings.ATTUNE_LOST_AFTER_S * _SILENT_BEFORE_LOST, most_servers=settings.ATTUNE_WARM_SERVERS
        )

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._end)
        self._warden.start()
        limit_waits()
        try:
            with workplace(Path(settings.ATTUNE_WORK_DIR)) as work_root:
                run_as = run_as_here(work_root)
                capabilities = capabilities_here(run_as)
                if not capabilities.runtimes:
                    raise SystemExit(f"This host has none of the runtimes ({why_none(capabilities)}).")
                self._run_registered(capabilities, work_root, run_as)
        finally:
            self._warden.close()

    def _run_registered(self, capabilities: Capabilities, work_root: Path, run_as: RunAs | None) -> None:
        volume = volume_id(settings.ATTUNE_RUNTIME_ENVS_DIR)
        registration = _registration(capabilities, volume, run_as)
        host = None
        try:
            with self._whole():
                worker = register_worker(registration)
                intake = Intake(capabilities.queues, declare=self._declare)
                host = Host(worker.pk, worker.name, self._warden, capabilities, volume, work_root, intake, run_as)
            logs.say_worker(worker.name)
            self._serve(host, registration)
        finally:
            if host is not None:
                connection.close()  # it may have been told to end in the middle of a statement
                end_worker(host.worker_id)
                set_current(None)
                logger.info("worker %s stopped", host.name)

    def _serve(self, host: Host, registration: Registration) -> None:
        disk = _disk_watch()
        member = Member(host, registration, disk)
        member.begin()
        connection.close()
        set_current(host)
        look_after_environments(host)
        connection.close()
        heartbeat = Heartbeat(
            host.worker_id,
            every_s=settings.ATTUNE_HEARTBEAT_S,
            on_beat=member.after_beat,
            on_lost=member.register_anew,
        )
        host.is_believed = heartbeat.is_believed
        threads: list[Heartbeat | Listener | Repeating] = [
            heartbeat,
            Listener(host, beat=heartbeat.beat_now),
            Repeating("disk", disk.look, every_s=settings.ATTUNE_HEARTBEAT_S),
            Repeating("newcomers", Newcomers(host).look, every_s=settings.ATTUNE_HEARTBEAT_S),
            Repeating("tidying", lambda: tidy_host(host), every_s=_TIDY_EVERY_S),
        ]
        with ExitStack() as ends:
            with self._whole():
                for thread in threads:
                    thread.start()
                    ends.callback(thread.stop)
                ends.callback(publishing.start().stop)
                tracing.start("worker")
                ends.callback(tracing.stop)
            gc.collect()
            gc.freeze()  # what is there now stays; to look at it again would stop all slots for a tenth of a second
            self._consume(host, member)

    def _consume(self, host: Host, member: Member) -> None:
        """Celery's consumer, until it is told to stop and everything that runs has ended."""
        worker_shutting_down.connect(lambda **_: member.stop(), weak=False)
        worker_ready.connect(lambda sender, **_: self._begin(host, sender), weak=False)
        for queue in host.capabilities.queues:
            self._declare(queue)
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
        worker = self._app.Worker(**arguments)
        if self._is_told_to_end:
            raise SystemExit(0)
        worker.start()

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Until Celery's consumer listens: what was begun is undone, or others would believe in this worker for long.

        It is remembered, since an exception inside a destructor is thrown away. Told again, it is undoing that already.
        """
        if self._is_told_to_end:
            return
        self._is_told_to_end = True
        raise SystemExit(0)

    def _begin(self, host: Host, consumer: Any) -> None:
        host.intake.attach(consumer)
        logger.info("worker %s is ready: %s", host.name, _said(host))
        if self._is_told_to_end:  # and what that raised was thrown away: Celery hears it now
            signal.raise_signal(signal.SIGTERM)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Told to end in this block, the process ends after it: who undoes it then knows what to undo."""
        asked: list[int] = []
        earlier = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, earlier)
        if asked:
            self._end(signal.SIGTERM, None)

    def _declare(self, queue: str) -> None:
        # A hint may be lost, so it is not worth the four writes to Redis that taking and confirming it would cost.
        self._app.amqp.queues[queue].no_ack = True


def _registration(capabilities: Capabilities, volume: str, run_as: RunAs | None) -> Registration:
    return Registration(
        name=settings.ATTUNE_WORKER_NAME,
        capabilities=capabilities,
        slots=settings.ATTUNE_WORKER_SLOTS,
        labels=_labels(settings.ATTUNE_WORKER_LABELS),
        version=VERSION,
        volume_id=volume,
        runs_as=name_of(run_as),
        is_apart=run_as is not None,
    )


def _disk_watch() -> DiskWatch:
    """Of what executions write to. The folder of artifacts may not be there before the first one."""
    folders = {"work": settings.ATTUNE_WORK_DIR, "artifacts": settings.ATTUNE_ARTIFACTS_DIR}
    with suppress(OSError):  # which the watch will tell
        settings.ATTUNE_ARTIFACTS_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    return DiskWatch(folders, floor_mib=settings.ATTUNE_DISK_FLOOR_MB)


def _labels(pairs: list[str]) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in pairs)


def _said(host: Host) -> str:
    return ", ".join(
        f"{name} {'/'.join(item.version for item in found)}" for name, found in host.capabilities.runtimes.items()
    )
