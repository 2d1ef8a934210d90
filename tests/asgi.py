"""Talks to the web role as a server does: bodies in chunks, headers as bytes, answers that stream."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from apps.accounts.models import Identity
from apps.accounts.services.tokens import issue_token
from attune.asgi import application


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)

    def events(self) -> list[tuple[str, str, Any]]:
        """`(name, id, data)` of each Server-Sent Event."""
        found = []
        for block in self.body.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
            if fields:
                found.append((fields["event"], fields["id"], orjson.loads(fields["data"])))
        return found


def ask(
    method: str,
    path: str,
    *,
    by: Identity | None = None,
    query: bytes = b"",
    headers: Mapping[str, str] | None = None,
    chunks: Sequence[bytes] = (b"",),
    breaks: bool = False,
) -> Answer:
    """The answer to one request; `chunks` come without a Content-Length unless `headers` name one. With `breaks` the
    server cannot send the body: `BrokenPipeError`."""
    given = {"host": "localhost", **(headers or {})}
    if by is not None:
        given["authorization"] = f"Bearer {issue_token(by, name='test').text}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    return asyncio.run(asyncio.wait_for(_talk(scope, list(chunks), breaks=breaks), timeout=60))


async def _talk(scope: dict[str, Any], chunks: list[bytes], *, breaks: bool) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if chunks:
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # nothing ever comes

    async def send(message: dict[str, Any]) -> None:
        if breaks and message["type"] == "http.response.body":
            raise BrokenPipeError
        sent.append(message)

    await application(scope, receive, send)
    start, *rest = sent
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))
