"""A registered worker as a member of the fleet: what it does with each heartbeat, when it is called lost, and when it
is told to end."""

import logging
import os
import signal
import threading
import time
from dataclasses import replace
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection

from apps.core import logs, streaming
from apps.executions.claims import look_after_claims
from apps.runner.outcome import StopReason
from apps.workers.disk import DiskWatch
from apps.workers.drain import Drain
from apps.workers.host import Host
from apps.workers.models import MOST_REFUSAL_CHARS, SchemaVersion, Worker
from apps.workers.schema import refusal
from apps.workers.services import Registration, begin_draining, register_worker
from apps.workers.watchdog import Watchdog

logger = logging.getLogger(__name__)

#: After its patience a worker that is deaf has so long to end by itself.
_LAST_WORDS_S = 15.0
#: EX_SOFTWARE of sysexits.h.
_DEAF_EXIT_CODE = 70


class Member:
    """One per worker process. `after_beat` and `register_anew` are called by the heartbeat's thread."""

    def __init__(self, host: Host, registration: Registration, disk: DiskWatch) -> None:
        self._host = host
        self._registration = registration
        self._disk = disk
        self._drain = Drain(host, patience_s=settings.ATTUNE_DRAIN_S)
        self._watchdog = Watchdog(host, slots=registration.slots)
        self._status = Worker.Status.ACTIVE.value
        self._refusal = ""

    def begin(self) -> None:
        """Before any work can come: tables this code does not know are not touched, not even until the first beat, nor
        is a full disk written to."""
        found = SchemaVersion.objects.values_list("number", "oldest").first()
        self._disk.look()
        if found is None or refusal(*found) or self._disk.complaint():
            self._host.intake.close()

    def after_beat(self, beat_connection: psycopg.Connection[tuple[Any, ...]], status: str) -> None:
        """Others believe that this worker lives: so may its warden. What operators asked of it is done."""
        host = self._host
        host.warden.beat()
        look_after_claims(host, beat_connection)
        if host.intake.is_stopping:
            return
        self._look_at_itself(beat_connection)
        self._status = status
        if status == Worker.Status.ACTIVE and not self._refusal:
            host.intake.open()
        else:
            host.intake.close()
        if status == Worker.Status.DRAINING:
            self._drain.begin()
        else:
            self._drain.call_off()
        if self._watchdog.look():
            self._end_deaf()

    def _look_at_itself(self, beat_connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Whether it may take work at all; if not, its row says why."""
        found = beat_connection.execute("SELECT number, oldest FROM workers_schemaversion").fetchone()
        why = refusal(*found) if found else "the database has not been migrated: run `manage.py migrate`"
        why = (why or self._disk.complaint())[:MOST_REFUSAL_CHARS]
        if why != self._refusal:
            self._refusal = why
            logger.log(logging.ERROR if why else logging.INFO, "%s", why or "work is taken again")
            beat_connection.execute("UPDATE workers_worker SET refusal = %s WHERE id = %s", [why, self._host.worker_id])
            streaming.publish("worker")

    def register_anew(self) -> int:
        """After it was called lost: what ran is worth nothing any more and ends; new claims carry a new identity."""
        host = self._host
        for execution_id in host.running_ids:
            host.stop(execution_id, StopReason.INTERRUPTED)
        worker = register_worker(replace(self._registration, capabilities=host.capabilities))
        if self._status != Worker.Status.ACTIVE:  # what operators had asked of it holds on
            Worker.objects.filter(pk=worker.pk).update(status=Worker.Status.CORDONED)
        connection.close()
        self._refusal = ""  # the new row does not say it yet
        host.worker_id, host.name = worker.pk, worker.name
        logs.say_worker(worker.name)
        return worker.pk

    def stop(self) -> None:
        """Called inside a signal handler, so it does next to nothing itself. Celery waits for what still runs."""
        self._host.intake.stop()
        threading.Thread(target=self._say_that_it_stops, name="goodbye", daemon=True).start()
        self._drain.begin()

    def _say_that_it_stops(self) -> None:
        try:
            begin_draining(self._host.worker_id)
        except DatabaseError as error:
            logger.warning("others are not told that it drains: %s", str(error).strip().partition("\n")[0])
        connection.close()

    def _end_deaf(self) -> None:
        """In good order, as far as a consumer that hears nothing can; whoever looks after this process starts it
        again."""
        logger.error("hints lie in the queues and none reaches this worker: it ends, to be started again")
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=self._end_whatever_happens, name="last-words", daemon=True).start()

    def _end_whatever_happens(self) -> None:
        time.sleep(settings.ATTUNE_DRAIN_S + _LAST_WORDS_S)
        logger.error("it did not end by itself")
        os._exit(_DEAF_EXIT_CODE)  # the warden sees this and ends what runs
