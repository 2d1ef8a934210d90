"""The process of a worker, told to end at the wrong moment."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import psycopg.conninfo
import pytest
from celery import current_app
from django.conf import settings
from django.db import connection, connections
from pytest_django import Settings

from apps.executions.worker_process import WorkerProcess
from apps.workers.capabilities import Capabilities
from apps.workers.models import Worker
from tests.acceptance.attune import ROOT
from tests.installed import install_packs
from tests.people import People
from tests.waiting import wait_for


def start_worker(folder: Path) -> "subprocess.Popen[bytes]":
    known = ("host", "port", "dbname", "user", "password")
    parameters = {key: value for key, value in connections["default"].get_connection_params().items() if key in known}
    chosen = {
        "DATABASE_URL": psycopg.conninfo.make_conninfo(**parameters),
        "REDIS_URL": settings.REDIS_URL,
        "ATTUNE_WORK_DIR": str(folder / "work"),
        "ATTUNE_WORKER_RUNTIMES": "shell",
    }
    with (folder / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "run_worker"],
            env={**os.environ, **chosen}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


@pytest.fixture
def host_of_nothing() -> Mock:
    return Mock(capabilities=Capabilities("default", {}))


def test_one_that_is_told_to_end_before_it_listens_leaves_no_active_worker(
    people: People, settings: Settings, tmp_path: Path
) -> None:
    """Or the next start would take it for its own: `up` would say too early that there is a worker."""
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    install_packs("oracle")
    with start_worker(tmp_path) as process:
        try:
            wait_for(lambda: Worker.objects.exists() or process.poll() is not None, what="its row")
        finally:
            process.terminate()
        assert process.wait(60) == 0, (tmp_path / "worker.log").read_text()
    assert [worker.status for worker in Worker.objects.all()] == ["stopped"]


def test_one_that_is_told_to_end_in_the_middle_of_a_statement_says_goodbye(
    fresh: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def serve(*_: object) -> None:
        connection.ensure_connection()
        connection.connection.pgconn.send_query(b"SELECT 1")
        raise SystemExit(0)

    monkeypatch.setattr(WorkerProcess, "_serve", serve)
    with pytest.raises(SystemExit):
        WorkerProcess(current_app)._run_registered(Capabilities("default", {}), tmp_path, None)
    assert [worker.status for worker in Worker.objects.all()] == ["stopped"]


def test_one_that_is_told_to_end_while_its_threads_start_leaves_none_of_them(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A heartbeat that goes on after the goodbye finds its worker gone, and registers it anew."""
    process = WorkerProcess(current_app)

    def start() -> Mock:
        signal.raise_signal(signal.SIGTERM)
        return Mock()

    monkeypatch.setattr("apps.core.metrics.publishing.start", start)
    before = set(threading.enumerate())
    earlier = signal.signal(signal.SIGTERM, process._end)
    try:
        with pytest.raises(SystemExit):
            process._run_registered(Capabilities("default", {}), tmp_path, None)
    finally:
        signal.signal(signal.SIGTERM, earlier)
        process._warden.close()
    assert {thread.name for thread in set(threading.enumerate()) - before} == set()
    assert [worker.status for worker in Worker.objects.all()] == ["stopped"]


def test_one_that_is_told_to_end_twice_still_says_goodbye(
    fresh: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process = WorkerProcess(current_app)

    def serve(*_: object) -> None:
        process._end(signal.SIGTERM, None)

    def end_worker(worker_id: int) -> None:
        process._end(signal.SIGTERM, None)
        Worker.objects.filter(pk=worker_id).update(status="stopped")

    monkeypatch.setattr(process, "_serve", serve)
    monkeypatch.setattr("apps.executions.worker_process.end_worker", end_worker)
    with pytest.raises(SystemExit):
        process._run_registered(Capabilities("default", {}), tmp_path, None)
    assert [worker.status for worker in Worker.objects.all()] == ["stopped"]


def test_one_that_is_told_to_end_inside_a_destructor_ends_before_it_listens(
    host_of_nothing: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python throws away what is raised there."""
    process = WorkerProcess(current_app)
    consumer = Mock()
    monkeypatch.setattr(process, "_app", Mock(Worker=Mock(return_value=consumer)))
    with suppress(SystemExit):
        process._end(signal.SIGTERM, None)
    with pytest.raises(SystemExit):
        process._consume(host_of_nothing, Mock())
    consumer.start.assert_not_called()


def test_one_that_was_told_to_end_unheard_while_celery_started_tells_it_as_soon_as_it_listens(
    host_of_nothing: Mock,
) -> None:
    process, told = WorkerProcess(current_app), Mock()
    earlier = signal.signal(signal.SIGTERM, told)
    try:
        process._begin(host_of_nothing, Mock())
        told.assert_not_called()
        with suppress(SystemExit):
            process._end(signal.SIGTERM, None)
        process._begin(host_of_nothing, Mock())
        told.assert_called_once()
    finally:
        signal.signal(signal.SIGTERM, earlier)
