"""Bounds a request before Django sees it: its address, its headers, and its body, which is counted while it arrives, so
that an endless one is cut off before it is stored anywhere.

Archives of packs may be larger than all else; they wait in a file, not in memory, and only who may install packs sends
one: that is asked before the body is taken.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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
#: Whoever shows nothing of this may upload nothing, and nobody is asked about it.
_CREDENTIALS = frozenset({b"authorization", b"cookie"})
#: A body that takes longer, but for uploads: else anybody could hold as many connections as he likes, for ever.
BODY_S = 60.0
#: Headers a request may have: each costs more than its bytes.
MAX_HEADERS = 100
#: Also on answers that no middleware sees.
_HEADERS = [
    (b"content-type", problem.CONTENT_TYPE.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"connection", b"close"),
]


@dataclass(frozen=True)
class _Refusal:
    status: int
    code: str
    detail: str


class BodyLimit:
    """ASGI wrapper: answers 413 once more than `ATTUNE_MAX_BODY_BYTES` have come, whatever the headers claimed; 408 to
    a body that takes too long, 414 and 431 to addresses and headers that are too large, 415 to a body that would have
    to be unpacked first."""

    def __init__(self, application: Application, *, may_upload: Callable[[Message], bool]) -> None:
        """`may_upload` says, in a thread, whether who sends a request may send an archive; others send no more there
        than anywhere."""
        self.application = application
        self._may_upload = may_upload

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        if refusal := _refusal_of_head(scope):
            await _refuse(scope, send, refusal)
            return
        is_upload = _is_upload(scope) and await asyncio.to_thread(self._may_upload, scope)
        if _declared_length(scope) > _limit(is_upload=is_upload):
            await _refuse(scope, send, _too_large(scope, is_upload=is_upload))
        elif is_upload:
            await self._take_upload(scope, receive, send)
        else:
            await self._take(scope, receive, send)

    async def _take(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _read(receive, _limit(is_upload=False))
        except TimeoutError:
            await _refuse(scope, send, _Refusal(408, "body_too_slow", f"The body took longer than {BODY_S:g} s."))
            return
        if body is None:
            await _refuse(scope, send, _too_large(scope, is_upload=False))
            return
        length = sum(len(message.get("body", b"")) for message in body)
        await self.application(_with_length(scope, length), _replay(body, receive), send)

    async def _take_upload(self, scope: Message, receive: Receive, send: Send) -> None:
        with TemporaryFile() as body:
            try:
                is_within = await _read_into(body, receive, _limit(is_upload=True))
            except _ClientGone:
                return
            if not is_within:
                await _refuse(scope, send, _too_large(scope, is_upload=True))
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


def _refusal_of_head(scope: Message) -> _Refusal | None:
    hosts = sum(1 for name, _ in scope["headers"] if name == b"host")
    if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1"):
        return _Refusal(400, "bad_host", "A request in HTTP/1.1 names one host.")
    target = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    if target > settings.ATTUNE_MAX_ADDRESS_BYTES:
        return _Refusal(
            414, "address_too_long", f"The address is longer than {settings.ATTUNE_MAX_ADDRESS_BYTES} bytes."
        )
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    if size > settings.ATTUNE_MAX_HEADER_BYTES or len(scope["headers"]) > MAX_HEADERS:
        most = f"{MAX_HEADERS} headers of {settings.ATTUNE_MAX_HEADER_BYTES} bytes in all"
        return _Refusal(431, "headers_too_large", f"At most {most} are taken.")
    encodings = [value.strip().lower() for name, value in scope["headers"] if name == b"content-encoding"]
    if any(encoding not in (b"", b"identity") for encoding in encodings):
        return _Refusal(415, "unsupported_encoding", "A body is taken as it is, without a Content-Encoding.")
    return None


def _limit(*, is_upload: bool) -> int:
    return settings.ATTUNE_MAX_UPLOAD_BYTES + _FORM_BYTES if is_upload else settings.ATTUNE_MAX_BODY_BYTES


def _too_large(scope: Message, *, is_upload: bool) -> _Refusal:
    most = settings.ATTUNE_MAX_UPLOAD_BYTES if is_upload else settings.ATTUNE_MAX_BODY_BYTES
    is_refused = scope["path"] in settings.ATTUNE_UPLOAD_PATHS and not is_upload
    more = "; more is taken only from who may install packs" if is_refused else ""
    return _Refusal(413, "body_too_large", f"The body is larger than {most} bytes{more}.")


async def _read(receive: Receive, limit: int) -> list[Message] | None:
    """The body as one message, and what came instead of its end; None when it grew past `limit`.

    No more than that is held: of a body that comes byte by byte, each message would cost hundreds.
    """
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        is_end = message["type"] != "http.request"
        if is_end or not message.get("more_body"):
            whole = {"type": "http.request", "body": bytes(body), "more_body": is_end}
            return [whole, message] if is_end else [whole]


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


async def _refuse(scope: Message, send: Send, refusal: _Refusal) -> None:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    token = request_id.current.set(request_id.accepted(given.decode("latin-1")))
    body = orjson.dumps(problem.document(refusal.status, refusal.code, refusal.detail))
    headers = [*_HEADERS, (b"x-request-id", request_id.current.get().encode()), (b"content-length", b"%d" % len(body))]
    request_id.current.reset(token)
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
