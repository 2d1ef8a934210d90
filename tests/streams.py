"""Reads a stream of Server-Sent Events from the web role while it goes on, as a browser does."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from apps.accounts.models import Identity
from apps.accounts.services.tokens import issue_token
from attune.asgi import application
from tests.waiting import wait_for


@dataclass(frozen=True)
class Told:
    name: str
    id: str
    data: Any


@dataclass
class Stream:
    """What has arrived so far; `last_id` is what a browser would give back."""

    status: int = 0
    is_over: bool = False
    size: int = 0
    body: bytearray = field(default_factory=bytearray)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def blocks(self) -> list[dict[str, str]]:
        whole = bytes(self.body).rpartition(b"\n\n")[0].decode()
        lines = [
            [line for line in block.split("\n") if line and not line.startswith(":")] for block in whole.split("\n\n")
        ]
        return [dict(line.split(": ", 1) for line in block) for block in lines if block]

    @property
    def events(self) -> list[Told]:
        return [
            Told(block["event"], block["id"], orjson.loads(block["data"])) for block in self.blocks if "data" in block
        ]

    @property
    def last_id(self) -> str:
        return [block["id"] for block in self.blocks if "id" in block][-1]

    def of(self, kind: str) -> list[Any]:
        return [event.data for event in self.events if event.name == kind]

    def wait_for(self, condition: Callable[["Stream"], Any], what: str = "an event") -> Any:
        return wait_for(lambda: condition(self), what=lambda: f"{what}; there are {self.events}")


@contextmanager
def listening(
    query: str = "",
    *,
    by: Identity | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/api/v1/stream",
    is_slow: bool = False,
    keeps: bool = True,
) -> Iterator[Stream]:
    """The stream, begun; a slow reader takes nothing more until its `hold` is set.

    Without `keeps` what comes is only counted.
    """
    given = {"host": "localhost", **(headers or {})}
    if by is not None:
        given["authorization"] = f"Bearer {issue_token(by, name='test').text}"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    stream = Stream()
    gone = _Gone()
    thread = threading.Thread(target=lambda: asyncio.run(_talk(scope, stream, gone, is_slow=is_slow, keeps=keeps)))
    thread.start()
    try:
        wait_for(lambda: stream.size or stream.is_over, what="the answer's begin")
        yield stream
    finally:
        stream.hold.set()
        gone.tell()
        thread.join(timeout=60)
        assert not thread.is_alive()


class _Gone:
    """The client's end of the connection."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()

    def tell(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._event.wait()


async def _talk(scope: dict[str, Any], stream: Stream, gone: _Gone, *, is_slow: bool, keeps: bool) -> None:
    has_asked = False

    async def receive() -> dict[str, Any]:
        nonlocal has_asked
        if not has_asked:
            has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if is_slow and stream.events:
            await asyncio.to_thread(stream.hold.wait)
        stream.status = message.get("status", stream.status)
        stream.size += len(message.get("body", b""))
        if keeps:
            stream.body += message.get("body", b"")

    try:
        await application(scope, receive, send)
    finally:
        stream.is_over = True
