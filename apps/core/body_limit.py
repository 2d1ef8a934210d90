"""Counts a request's body while it arrives, so that an endless one is cut off before it is stored anywhere."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from django.conf import settings

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class BodyLimit:
    """ASGI wrapper: answers 413 once more than `ATTUNE_MAX_BODY_BYTES` have come, whatever the headers claimed."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        limit = settings.ATTUNE_MAX_BODY_BYTES
        if _declared_length(scope) > limit:
            await _refuse(send, limit)
            return
        body = await _read(receive, limit)
        if body is None:
            await _refuse(send, limit)
            return
        await self.application(scope, _replay(body, receive), send)


async def _read(receive: Receive, limit: int) -> list[Message] | None:
    """The messages of the body, or None when it grew past `limit`. At most `limit` bytes are held."""
    messages: list[Message] = []
    total = 0
    while True:
        message = await receive()
        messages.append(message)
        total += len(message.get("body", b""))
        if total > limit:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return messages


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def next_message() -> Message:
        for message in waiting:
            return message
        return await receive()

    return next_message


def _declared_length(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Send, limit: int) -> None:
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": "Content Too Large",
            "status": 413,
            "code": "body_too_large",
            "detail": f"The body is larger than {limit} bytes.",
        }
    )
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
