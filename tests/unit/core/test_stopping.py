import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Iterator

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.request import Request

from apps.api.sse import streamed
from apps.core.stopping import stop_requested


@pytest.fixture
def server() -> Iterator[list[int]]:
    """Handles signals as a server does; what it was told."""
    told: list[int] = []
    earlier = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in earlier:
        signal.signal(number, lambda received, frame: told.append(received))
    yield told
    for number, handler in earlier.items():
        signal.signal(number, handler)


async def everlasting(closed: list[str]) -> AsyncGenerator[bytes, None]:
    try:
        yield b": first\n\n"
        await asyncio.get_running_loop().create_future()
    finally:
        closed.append("closed")


async def read(response: StreamingHttpResponse) -> list[bytes]:
    chunks = []
    async for chunk in response:
        chunks.append(chunk)
        os.kill(os.getpid(), signal.SIGTERM)
    return chunks


def test_a_stream_ends_when_the_server_is_told_to_stop_and_the_server_is_told_as_ever(server: list[int]) -> None:
    closed: list[str] = []
    request = HttpRequest()
    request.method = "GET"
    response = streamed(Request(request), everlasting(closed))
    assert asyncio.run(asyncio.wait_for(read(response), timeout=60)) == [b": first\n\n"]
    assert closed == ["closed"]
    assert server == [signal.SIGTERM]


def test_without_a_server_signals_stay_as_they_are(server: list[int]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    async def look() -> bool:
        return stop_requested().is_set()

    assert asyncio.run(look()) is False
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
