from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from queue import Queue

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from apps.workers.heartbeat import Heartbeat
from apps.workers.models import Worker
from tests.factories import make_worker

pytestmark = pytest.mark.usefixtures("people")

#: Longer than any beat takes on a busy machine; nothing waits so long when all is well.
DEADLINE_S = 30.0


class Told:
    """What the heartbeat tells its worker."""

    def __init__(self) -> None:
        self.beats: Queue[int] = Queue()
        self.losses: Queue[int] = Queue()
        self.statuses: list[str] = []

    def on_beat(self, _: psycopg.Connection[tuple[object, ...]], status: str) -> None:
        self.statuses.append(status)
        self.beats.put(1)

    def on_lost(self) -> int:
        worker = Worker.objects.create(
            name="again", host="h", pid=1, pool="default", slots=1, version="0", volume_id="v"
        )
        connection.close()  # of the heartbeat's thread
        self.losses.put(worker.pk)
        return worker.pk


@contextmanager
def beating(worker: Worker, told: Told) -> Iterator[Heartbeat]:
    heart = Heartbeat(worker.pk, every_s=0.05, on_beat=told.on_beat, on_lost=told.on_lost)
    heart.start()
    try:
        yield heart
    finally:
        heart.stop()


def test_it_beats_by_the_databases_clock_and_tells_each_beat() -> None:
    worker, told = make_worker(), Told()
    before = timezone.now() - timedelta(minutes=5)
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=before)
    with beating(worker, told) as heart:
        told.beats.get(timeout=DEADLINE_S)
        told.beats.get(timeout=DEADLINE_S)
        assert heart.is_believed()
    worker.refresh_from_db()
    assert worker.last_heartbeat > before + timedelta(minutes=4)


def test_a_worker_that_was_called_lost_registers_anew_and_goes_on() -> None:
    worker, told = make_worker(status="lost"), Told()
    with beating(worker, told) as heart:
        new = told.losses.get(timeout=DEADLINE_S)
        told.beats.get(timeout=DEADLINE_S)
        assert heart.worker_id == new
        assert told.losses.empty()


def test_a_surprise_in_a_beat_does_not_end_the_heart() -> None:
    worker, told = make_worker(), Told()
    surprises = iter([ValueError("odd")])

    def surprise(link: psycopg.Connection[tuple[object, ...]], status: str) -> None:
        for error in surprises:
            raise error
        told.on_beat(link, status)

    heart = Heartbeat(worker.pk, every_s=0.05, on_beat=surprise, on_lost=told.on_lost)
    heart.start()
    try:
        told.beats.get(timeout=DEADLINE_S)
    finally:
        heart.stop()


def test_a_beat_tells_the_status_that_operators_gave_it_and_can_be_brought_on() -> None:
    worker, told = make_worker(), Told()
    heart = Heartbeat(worker.pk, every_s=600, on_beat=told.on_beat, on_lost=told.on_lost)
    heart.start()
    try:
        told.beats.get(timeout=DEADLINE_S)
        Worker.objects.filter(pk=worker.pk).update(status="cordoned")
        heart.beat_now()
        told.beats.get(timeout=DEADLINE_S)
    finally:
        heart.stop()
    assert told.statuses == ["active", "cordoned"]
