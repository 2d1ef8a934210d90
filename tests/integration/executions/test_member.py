"""What a worker does with each heartbeat about itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.executions.member import Member
from apps.executions.waiting import explain
from apps.runner.warden_client import Warden
from apps.workers.capabilities import Capabilities
from apps.workers.disk import DiskWatch
from apps.workers.host import Host
from apps.workers.intake import Intake
from apps.workers.models import Worker
from apps.workers.services import Registration, register_worker
from tests.asking import ask
from tests.people import People


class Scene:
    """A worker whose folder may vanish: then it can write nowhere."""

    def __init__(self, folder: Path, warden: Warden) -> None:
        self.folder = folder
        self.disk = DiskWatch({"work": folder}, floor_mib=0)
        registration = Registration("tom", Capabilities("default", {}), 2, {}, "0", "volume")
        worker = register_worker(registration)
        Worker.objects.update(queues=["run.default.shell"])
        self.host = Host(worker.pk, worker.name, warden, registration.capabilities, "volume", folder, Intake([]))
        self.member = Member(self.host, registration, self.disk)

    def beat(self) -> Worker:
        self.disk.look()
        connection.ensure_connection()
        beat: psycopg.Connection[tuple[Any, ...]] = connection.connection
        self.member.after_beat(beat, Worker.objects.get(pk=self.host.worker_id).status)
        return Worker.objects.get(pk=self.host.worker_id)

    def takes(self) -> bool:
        return self.host.intake.is_open

    def fill(self) -> None:
        self.folder.rename(self.folder.with_name("away"))

    def make_room(self) -> None:
        self.folder.with_name("away").rename(self.folder)


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def scene(people: People, tmp_path: Path, warden: Warden) -> Scene:
    folder = tmp_path / "work"
    folder.mkdir()
    return Scene(folder, warden)


def test_without_room_it_says_so_and_takes_nothing_until_there_is_room(scene: Scene) -> None:
    assert scene.beat().refusal == ""
    assert scene.takes()
    scene.fill()
    assert scene.beat().refusal.startswith("unhealthy: disk: nothing can be written")
    assert not scene.takes()
    scene.make_room()
    assert scene.beat().refusal == ""
    assert scene.takes()


def test_who_waits_for_it_is_told_why(people: People, scene: Scene) -> None:
    (waiting,) = ask(people)
    scene.fill()
    scene.beat()
    reason = explain([waiting])[waiting.pk].reason
    assert reason is not None
    assert reason["code"] == "no_worker"
    assert "tom unhealthy: disk: nothing can be written to the work folder" in reason["text"]


def test_it_takes_nothing_before_its_first_beat_either(scene: Scene) -> None:
    scene.fill()
    scene.member.begin()
    assert not scene.takes()


def test_one_that_was_called_lost_without_room_is_not_cordoned_for_it(scene: Scene) -> None:
    scene.fill()
    scene.beat()
    Worker.objects.update(status=Worker.Status.LOST)
    scene.host.worker_id = scene.member.register_anew()
    worker = scene.beat()
    assert worker.status == Worker.Status.ACTIVE
    assert worker.refusal.startswith("unhealthy: disk")
    scene.make_room()
    scene.beat()
    assert scene.takes()


def test_one_that_was_cordoned_and_called_lost_is_cordoned_again(scene: Scene) -> None:
    Worker.objects.update(status=Worker.Status.CORDONED)
    scene.beat()
    Worker.objects.update(status=Worker.Status.LOST)
    scene.host.worker_id = scene.member.register_anew()
    assert scene.beat().status == Worker.Status.CORDONED
