"""Timers under real scheduler processes, two of them, one of which is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg.conninfo
import pytest
from django.db import connections

from apps.core.redis import client
from apps.triggers.models import Event
from apps.triggers.timers import scheduling, waking
from tests.acceptance.attune import ROOT
from tests.factories.timers import listen, make_timer
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("fresh")
SECOND = timedelta(seconds=1)


@contextmanager
def scheduler(folder: Path, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    known = ("host", "port", "dbname", "user", "password")
    parameters = {key: value for key, value in connections["default"].get_connection_params().items() if key in known}
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "attune.settings.test",
        "DATABASE_URL": psycopg.conninfo.make_conninfo(**parameters),
    }
    with (
        (folder / f"{name}.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "run_scheduler"],
            env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def scheduled(type_ref: str) -> list[datetime]:
    rows = Event.objects.filter(type_ref=type_ref).order_by("pk").values_list("payload", flat=True)
    return sorted(datetime.fromisoformat(payload["scheduled_for"]) for payload in rows)


def test_two_schedulers_one_of_them_killed_fire_each_time_once(tmp_path: Path) -> None:
    cron = make_timer("core.cron", {"expression": "* * * * * *"})
    beats = [make_timer(parameters={"delta": 1, "jitter_s": number / 100}) for number in range(20)]
    with scheduler(tmp_path, "one") as one, scheduler(tmp_path, "two"):
        wait_for(lambda: len(scheduled("core.cron")) >= 2, what="the first seconds")
        one.kill()
        one.wait()
        seen = len(scheduled("core.cron"))
        wait_for(lambda: len(scheduled("core.cron")) >= seen + 3, what="the other to go on alone")
        # Timers made now are heard of, and fire as well.
        late = make_timer(parameters={"delta": 1, "start": "2026-01-01T00:00:00Z"})
        wait_for(lambda: Event.objects.filter(source_ref=str(late.pk)).count() >= 2, what="a new timer")
        for timer in (cron, late, *beats):
            listen(timer.trigger, is_listened=False)
    times = scheduled("core.cron")
    assert {later - earlier for earlier, later in pairwise(times)} == {SECOND}
    for timer in beats:
        rows = Event.objects.filter(source_ref=str(timer.pk)).values_list("payload__scheduled_for", flat=True)
        mine = sorted(datetime.fromisoformat(text) for text in rows)
        assert mine == [timer.anchored_at + number * SECOND for number in range(1, len(mine) + 1)]
        assert mine


def test_a_hint_wakes_a_scheduler_before_its_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "LOOK_EVERY_S", 3600.0)
    threads = scheduling.TimerThreads()
    threads.start()
    try:
        wait_for(_hears, what="the scheduler to listen")
        timer = make_timer(parameters={"delta": 1})
        wait_for(lambda: Event.objects.filter(source_ref=str(timer.pk)).exists(), what="its first event")
    finally:
        threads.stop()


def _hears() -> bool:
    return bool(dict(client().pubsub_numsub(waking.CHANNEL)).get(waking.CHANNEL))
