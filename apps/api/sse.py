"""Server-Sent Events (the HTML standard's text/event-stream), written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import orjson
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from apps.core.stopping import stop_requested
from apps.core.types import JsonObject

#: A comment line so often keeps proxies from closing a silent stream.
ALIVE_EVERY_S = 15.0
ALIVE = b": still here\n\n"


def event(name: str, event_id: str, body: JsonObject) -> bytes:
    """One event; a client that lost the connection gives `event_id` back as `Last-Event-ID`."""
    return b"event: %s\nid: %s\ndata: %s\n\n" % (
        name.encode(),
        event_id.encode(),
        orjson.dumps(body, option=orjson.OPT_UTC_Z),
    )


def streamed(request: Request, events: AsyncGenerator[bytes, None]) -> StreamingHttpResponse:
    """The answer; to HEAD it has no body, so nothing is waited for. It ends when the server is told to stop."""
    body = _nothing() if request.method == "HEAD" else _until_stopped(events)
    response = StreamingHttpResponse(body, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for chunk in nothing:
        yield chunk


async def _until_stopped(events: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    stopped = asyncio.create_task(stop_requested().wait())
    following: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            following = asyncio.create_task(_next(events))
            await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
            chunk = following.result() if following.done() else None
            if chunk is None:
                return
            yield chunk
    finally:
        stopped.cancel()
        if following is not None:
            following.cancel()
            await asyncio.wait({following})
        await events.aclose()


async def _next(events: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(events, None)
