"""Requests share threads, and nothing else."""

import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import get_script_prefix, set_script_prefix

from apps.core import client_address, request_id, tracing
from attune import asgi
from tests.asgi import ask


@pytest.fixture
def thread(fresh: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """The only one there is for requests."""
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(asgi._handler.application, "_threads", threads)
        yield threads


def answered_by(monkeypatch: pytest.MonkeyPatch, view: Any) -> None:
    """In place of every view and of the middleware before it."""
    monkeypatch.setattr(BaseHandler, "get_response", lambda self, request: view(request))


def test_a_probe_is_answered_while_all_threads_are_taken(thread: ThreadPoolExecutor) -> None:
    is_over = threading.Event()
    thread.submit(is_over.wait, 60)
    try:
        for path in ("/healthz", "/readyz"):
            assert ask("GET", path).status == 200
    finally:
        is_over.set()


def test_nothing_of_a_request_is_left_in_its_thread(
    thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(
            (request_id.current.get(), client_address.current.get(), tracing.current.get(), get_script_prefix())
        )
        for variable in (request_id.current, client_address.current, tracing.current):
            variable.set("of the one before")
        set_script_prefix("/of/the/one/before/")
        return HttpResponse()

    answered_by(monkeypatch, view)
    for _ in range(2):  # as a server does: not in the context of whoever has run before in this thread
        assert Context().run(ask, "GET", "/").status == 200
    assert seen == [("", "", "", "/")] * 2


def test_a_connection_goes_back_whatever_becomes_of_the_request(
    thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def streams(request: HttpRequest) -> StreamingHttpResponse:
        connections["default"].ensure_connection()
        return StreamingHttpResponse(parts())

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    def plain(request: HttpRequest) -> HttpResponse:
        connections["default"].ensure_connection()
        return HttpResponse(b"ab")

    for view in (streams, plain):
        answered_by(monkeypatch, view)
        assert ask("GET", "/").body == b"ab"
        assert thread.submit(lambda: connections["default"].connection).result() is None
