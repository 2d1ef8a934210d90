"""The three sensors of the core pack, as the programs they are: lines on stdin, events on a descriptor."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.core.redis import connect
from apps.core.types import JsonObject
from tests.waiting import wait_for

PACK = Path(settings.BASE_DIR) / "packs" / "core"


class Running:
    """A sensor's process, and the events it has told so far."""

    def __init__(
        self, name: str, *, triggers: list[JsonObject], secrets: JsonObject, state_dir: Path | None = None
    ) -> None:
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, str(PACK / "sensors" / f"{name}.py")],
            env={"PYTHONPATH": str(PACK / "lib"), "ATTUNE_EVENT_FD": str(writer), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(writer,),
        )
        os.close(writer)
        self._said = open(reader, "rb")  # noqa: PTH123, SIM115 - a descriptor, closed by `end`
        context = {"state_dir": str(state_dir)} if state_dir else {}
        self.tell({"secrets": secrets, "context": context, "triggers": triggers})

    def tell(self, line: JsonObject) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def next(self) -> JsonObject:
        line: JsonObject = json.loads(self._said.readline())
        return line

    def end(self) -> None:
        self.process.kill()
        for stream in (self.process.stdin, self.process.stderr, self._said):
            if stream is not None:
                stream.close()
        self.process.wait()


@contextmanager
def running(name: str, *triggers: JsonObject, state_dir: Path | None = None, **secrets: str) -> Iterator[Running]:
    sensor = Running(name, triggers=list(triggers), secrets=secrets, state_dir=state_dir)
    try:
        yield sensor
    finally:
        sensor.end()


def watching(path: Path, **more: Any) -> JsonObject:
    parameters = {"path": str(path), "pattern": "*", "recursive": False, "interval_s": 0.05, **more}
    return {"trigger": "core.file_changed", "parameters": parameters}


def test_files_that_are_made_changed_and_removed_are_told(tmp_path: Path) -> None:
    marker, file = tmp_path / "0", tmp_path / "a.csv"
    trigger = watching(tmp_path, pattern="*.csv")
    (tmp_path / "before.csv").write_text("was there")
    with running("file_watch", trigger) as sensor:
        _until_it_looks(sensor, tmp_path)
        marker.write_text("not of the pattern")
        _put(file, "1")
        created = sensor.next()
        _put(file, "12")
        modified = sensor.next()
        file.unlink()
        deleted = sensor.next()

    assert [item["payload"]["kind"] for item in (created, modified, deleted)] == ["created", "modified", "deleted"]
    assert {item["payload"]["path"] for item in (created, modified, deleted)} == {str(file)}
    assert created["parameters"] == trigger["parameters"]
    assert len({item["dedupe_key"] for item in (created, modified, deleted)}) == 3


def _put(file: Path, text: str) -> None:
    """At once: a file that is opened and then written is changed twice, and a look may come between."""
    half = file.with_suffix(".part")
    half.write_text(text)
    half.replace(file)


def _until_it_looks(sensor: Running, folder: Path) -> None:
    """What is there at the first look is no news: files are made until one is. What one look finds is told in any
    order: all has been told when two more have been, made one after the other."""
    stop = threading.Event()

    def make() -> None:
        number = 0
        while not stop.wait(0.1):
            number += 1
            (folder / f"probe{number}.csv").write_text("")

    maker = threading.Thread(target=make)
    maker.start()
    sensor.next()
    stop.set()
    maker.join()
    for more in (folder / "more1.csv", folder / "more2.csv"):
        more.write_text("")
        while sensor.next()["payload"]["path"] != str(more):
            pass


def test_files_that_changed_between_two_processes_are_told_by_the_next_one(tmp_path: Path) -> None:
    state, watched = tmp_path / "state", tmp_path / "watched"
    state.mkdir()
    watched.mkdir()
    trigger = watching(watched)
    for name in ("changed", "gone", "same"):
        (watched / name).write_text("1")
    with running("file_watch", trigger, state_dir=state):
        wait_for(lambda: list(state.glob("*.json")))
    (watched / "made").write_text("1")
    (watched / "changed").write_text("12")
    (watched / "gone").unlink()
    with running("file_watch", trigger, state_dir=state) as sensor:
        told = [sensor.next()["payload"] for _ in range(3)]

    assert {(item["kind"], Path(item["path"]).name) for item in told} == {
        ("created", "made"), ("modified", "changed"), ("deleted", "gone"),
    }  # fmt: skip


def test_what_it_knows_of_a_trigger_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    state, old, new = tmp_path / "state", tmp_path / "old", tmp_path / "new"
    for folder in (state, old, new):
        folder.mkdir()
    with running("file_watch", watching(old), state_dir=state):
        (known,) = wait_for(lambda: list(state.glob("*.json")))
    with running("file_watch", watching(new), state_dir=state):
        wait_for(lambda: len(found := list(state.glob("*.json"))) == 1 and found != [known])


def test_triggers_that_come_later_are_served_and_those_that_go_are_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with running("file_watch", watching(tmp_path / "a")) as sensor:
        _until_it_looks(sensor, tmp_path / "a")
        sensor.tell({"type": "trigger_removed", **watching(tmp_path / "a")})
        sensor.tell({"type": "trigger_added", **watching(tmp_path / "b")})
        _until_it_looks(sensor, tmp_path / "b")
        (tmp_path / "a" / "unseen").write_text("")
        (tmp_path / "b" / "seen").write_text("")
        assert sensor.next()["payload"]["path"] == str(tmp_path / "b" / "seen")


class Page(http.server.BaseHTTPRequestHandler):
    bodies: list[bytes] = []
    asked: list[str | None] = []

    def do_GET(self) -> None:
        tag, known = f'"{len(self.bodies[0])}"', self.headers.get("If-None-Match")
        self.asked.append(known)
        if known == tag:
            if len(self.bodies) > 1:
                self.bodies.pop(0)
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.bodies[0])))
        self.end_headers()
        self.wfile.write(self.bodies[0])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass


def test_an_address_is_asked_with_its_etag_and_a_new_answer_is_told() -> None:
    Page.bodies, Page.asked = [b'{"n": 1}', b'{"n": 22}'], []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        parameters = {"url": f"http://127.0.0.1:{server.server_port}/", "interval_s": 0.05, "timeout_s": 5}
        with running("http_poll", {"trigger": "core.http_changed", "parameters": parameters}) as sensor:
            told = sensor.next()
        server.shutdown()
        thread.join()

    assert told["payload"]["body"] == {"n": 22}
    assert (told["payload"]["status"], told["payload"]["etag"], told["payload"]["is_cut"]) == (200, '"9"', False)
    assert Page.asked[:2] == [None, '"8"']


@pytest.fixture
def stream() -> Iterator[str]:
    redis, name = connect(settings.REDIS_URL, timeout_s=10), f"test:{os.getpid()}:stream"
    redis.delete(name)
    yield name
    redis.delete(name)
    redis.close()


def test_entries_of_a_stream_are_told_again_until_they_are_recorded_and_then_no_more(stream: str) -> None:
    redis = connect(settings.REDIS_URL, timeout_s=10)
    trigger = {"trigger": "core.redis_message", "parameters": {"stream": stream, "group": "attune"}}
    redis.xgroup_create(stream, "attune", mkstream=True)
    first, second = (redis.xadd(stream, {"n": str(number)}) for number in (1, 2))
    with running("redis_stream", trigger, redis_stream_url=settings.REDIS_URL) as sensor:
        told = [sensor.next(), sensor.next()]
        sensor.tell({"type": "recorded", "lines": 1})
        _wait_for_pending(redis, stream, 1)
    with running("redis_stream", trigger, redis_stream_url=settings.REDIS_URL) as sensor:
        again = sensor.next()
        sensor.tell({"type": "recorded", "lines": 1})
        _wait_for_pending(redis, stream, 0)
    redis.close()

    assert [item["payload"]["id"] for item in told] == [_text(first), _text(second)]
    assert told[0]["payload"]["fields"] == {"n": "1"}
    assert told[0]["parameters"] == trigger["parameters"]
    assert again["payload"]["id"] == _text(second)
    assert again["dedupe_key"] == told[1]["dedupe_key"]


def test_a_server_that_is_not_there_ends_the_program_with_a_word() -> None:
    with running("redis_stream", redis_stream_url="redis://127.0.0.1:1/0") as sensor:
        assert sensor.process.wait(60) == 1
        assert sensor.process.stderr is not None
        assert b"refused" in sensor.process.stderr.read()


def _wait_for_pending(redis: Any, stream: str, count: int) -> None:
    wait_for(lambda: redis.xpending(stream, "attune")["pending"] == count, what=f"{count} entries to be pending")


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
