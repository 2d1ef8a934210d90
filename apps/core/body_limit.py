"""Counts a request's body while it arrives, so that an endless one is cut off before it is stored anywhere.

Archives of packs may be larger than all else; they wait in a file, not in memory."""

from collections.abc import Awaitable, Callable
from tempfile import TemporaryFile
from typing import IO, Any

import orjson
from django.conf import settings

from apps.core import problem, request_id

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_CHUNKED = b"transfer-encoding"
#: Python does not turn thousands of digits into a number.
_LENGTH_DIGITS = 18
#: Of a form beside the file in it.
_FORM_BYTES = 64 * 1024
_CHUNK = 256 * 1024
#: A large body is taken only from somebody who shows something of this, true or not.
_CREDENTIALS = frozenset({b"authorization", b"cookie"})


class BodyLimit:
    """ASGI wrapper: answers 413 once more than `ATTUNE_MAX_BODY_BYTES` have come, whatever the headers claimed."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        if _is_upload(scope):
            await self._take_upload(scope, receive, send)
            return
        limit = settings.ATTUNE_MAX_BODY_BYTES
        if _declared_length(scope) > limit:
            await _refuse(scope, send, limit)
            return
        body = await _read(receive, limit)
        if body is None:
            await _refuse(scope, send, limit)
            return
        length = sum(len(message.get("body", b"")) for message in body)
        await self.application(_with_length(scope, length), _replay(body, receive), send)

    async def _take_upload(self, scope: Message, receive: Receive, send: Send) -> None:
        limit = settings.ATTUNE_MAX_UPLOAD_BYTES + _FORM_BYTES
        if _declared_length(scope) > limit:
            await _refuse(scope, send, settings.ATTUNE_MAX_UPLOAD_BYTES)
            return
        with TemporaryFile() as body:
            try:
                is_within = await _read_into(body, receive, limit)
            except _ClientGone:
                return
            if not is_within:
                await _refuse(scope, send, settings.ATTUNE_MAX_UPLOAD_BYTES)
                return
            length = body.tell()
            body.seek(0)
            await self.application(_with_length(scope, length), _replay_file(body, length, receive), send)


def _is_upload(scope: Message) -> bool:
    shown = any(name in _CREDENTIALS for name, _ in scope["headers"])
    return shown and scope["method"] == "POST" and scope["path"] in settings.ATTUNE_UPLOAD_PATHS


class _ClientGone(Exception):
    """It went away in the middle of its body: nobody is there to be answered."""


async def _read_into(file: IO[bytes], receive: Receive, limit: int) -> bool:
    """Whether the whole body went into `file`. Raises `_ClientGone`."""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _ClientGone
        body = message.get("body", b"")
        if file.tell() + len(body) > limit:
            return False
        file.write(body)
        if not message.get("more_body"):
            return True


def _replay_file(file: IO[bytes], length: int, receive: Receive) -> Receive:
    is_told = False

    async def next_message() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        body = file.read(_CHUNK)
        is_told = file.tell() >= length
        return {"type": "http.request", "body": body, "more_body": not is_told}

    return next_message


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
            return int(value[:_LENGTH_DIGITS])  # cut, it is still larger than any limit
    return 0


def _with_length(scope: Message, length: int) -> Message:
    """The body came in chunks, or not: those behind us take one without a length for none at all."""
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", _CHUNKED)]
    if length or len(headers) < len(scope["headers"]):
        headers.append((b"content-length", b"%d" % length))
    return {**scope, "headers": headers}


async def _refuse(scope: Message, send: Send, limit: int) -> None:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    token = request_id.current.set(request_id.accepted(given.decode("latin-1")))
    body = orjson.dumps(problem.document(413, "body_too_large", f"The body is larger than {limit} bytes."))
    headers = [
        (b"content-type", problem.CONTENT_TYPE.encode()),
        (b"x-request-id", request_id.current.get().encode()),
        (b"connection", b"close"),
    ]
    request_id.current.reset(token)
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
