"""Server-Sent Events (the HTML standard's text/event-stream), written."""

from collections.abc import AsyncIterator

import orjson
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from apps.core.types import JsonObject

#: A comment line so often keeps proxies from closing a silent stream.
ALIVE_EVERY_S = 15.0
ALIVE = b": still here\n\n"


def event(name: str, event_id: str, body: JsonObject) -> bytes:
    """One event; a client that lost the connection gives `event_id` back as `Last-Event-ID`."""
    return b"event: %s\nid: %s\ndata: %s\n\n" % (name.encode(), event_id.encode(), orjson.dumps(body))


def streamed(request: Request, events: AsyncIterator[bytes]) -> StreamingHttpResponse:
    """The answer; to HEAD it has no body, so nothing is waited for."""
    body = _nothing() if request.method == "HEAD" else events
    response = StreamingHttpResponse(body, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for chunk in nothing:
        yield chunk
