"""Attune's roles as programs, and the probe that says when they are ready."""

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.standalone.environment import Options
from apps.standalone.layout import Layout
from apps.standalone.roles import is_ready, roles


class Answer(http.server.BaseHTTPRequestHandler):
    status, body = 200, b""

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"workers": 1, "redis": "ok"}', True),
        (200, b'{"workers": 0}', False),
        (503, b'{"workers": 1}', False),
        (200, b"{}", False),
        (200, b"<html>", False),
        (200, b"[]", False),
    ],
)
def test_attune_is_ready_when_it_says_so_and_has_a_worker(
    port: int, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, expected: bool
) -> None:
    monkeypatch.setattr(Answer, "status", status)
    monkeypatch.setattr(Answer, "body", body)
    assert is_ready(port) is expected


def test_a_port_where_nobody_answers_is_not_ready() -> None:
    assert not is_ready(1)


def test_web_starts_last_and_a_worker_gets_the_time_its_drain_needs() -> None:
    programs = {program.name: program for program in roles(
        Layout(Path("/v")), options=Options(port=8001, drain_s=300), environment={"A": "b"}
    )}  # fmt: skip
    assert list(programs) == ["conductor", "worker", "scheduler", "sensors", "web"]
    assert programs["worker"].stop_signals[0][1] > 300
    assert programs["web"].argv[-2:] == ("--port", "8001")
    assert {program.argv[0] for program in programs.values()} == {sys.executable}
    assert {program.log.parent for program in programs.values()} == {Path("/v/log")}
