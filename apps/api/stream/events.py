"""What one reader of the stream gets: first what it missed, then what happens, until somebody ends it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

from apps.accounts.models import Identity
from apps.api.sse import ALIVE, ALIVE_EVERY_S, event
from apps.api.stream import hub as hubs
from apps.api.stream.hub import Hub
from apps.api.stream.subscription import Position, Subscription, chunk_of, id_of
from apps.core.database import release_connection
from apps.core.errors import FieldError, Invalid
from apps.core.streaming import Change, StateChanges

#: Milliseconds after which a browser comes back.
_COME_BACK_MS = 2000
#: `Last-Event-ID`: one number for each source.
_NUMBERS = 4
_CUT = "Too much waited for this reader. Come back with the id of this event: nothing is lost."


def parse_position(text: str | None) -> Position | None:
    """`Last-Event-ID` as this module writes it. Raises `Invalid`."""
    if not text:
        return None
    parts = text.split("-")
    if len(parts) != _NUMBERS or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        detail = "use the id of the last event, unchanged"
        raise Invalid(errors=[FieldError("/headers/Last-Event-ID", "invalid", detail)])
    return tuple(map(int, parts))


async def changes(
    reader: Subscription, start: Position | None, *, prove: Callable[[], Identity | None]
) -> AsyncGenerator[bytes, None]:
    """Events of the kinds `reader` wants. `prove` says who reads, again and again; nobody: the stream ends."""
    hub = await hubs.join(reader)
    try:
        yield b"retry: %d\n%s" % (_COME_BACK_MS, _id_alone(start or reader.position))
        if start is not None:
            async for chunk in _missed(hub, reader, start):
                yield chunk
        async for chunk in _live(reader, prove):
            yield chunk
    finally:
        hubs.leave(hub, reader)
        reader.end()


async def _live(reader: Subscription, prove: Callable[[], Identity | None]) -> AsyncGenerator[bytes, None]:
    proven_at = told_at = time.monotonic()
    while True:
        chunk = await reader.take(ALIVE_EVERY_S)
        if chunk:
            yield chunk
        elif reader.is_cut:
            yield event("cut", id_of(reader.position), {"code": "too_slow", "detail": _CUT})
            return
        now = time.monotonic()
        if now - proven_at >= ALIVE_EVERY_S:
            proven_at = now
            identity = await asyncio.to_thread(_proven, prove)
            if identity is None:
                return
            reader.identity = identity
        if chunk:
            told_at = now
        elif now - told_at >= ALIVE_EVERY_S:
            told_at = now
            # An id without data: whoever comes back after a quiet hour has little to catch up with.
            yield ALIVE.removesuffix(b"\n") + _id_alone(reader.position)


async def _missed(hub: Hub, reader: Subscription, start: Position) -> AsyncGenerator[bytes, None]:
    """What happened since `start`, from the database, a page at a time; live changes wait meanwhile."""
    executions, *others = start
    if "execution" in reader.kinds:
        pages = hub.executions.since(reader.identity, executions, execution_id=reader.execution_id)
        while (page := await asyncio.to_thread(_next, pages)) is not None:
            for place, change in page:
                executions = max(executions, place)
                yield _one(change, (executions, *others))
    for index, source in enumerate((hub.operations, hub.workers, hub.events), start=1):
        if source.kind in reader.kinds:
            found = await asyncio.to_thread(_since, source, reader.identity, start[index])
            for change in found:
                yield _one(change, (executions, *others))


def _one(change: Change, place: Position) -> bytes:
    return chunk_of([change], before=place, after=place)


def _next(pages: Iterator[list[tuple[int, Change]]]) -> list[tuple[int, Change]] | None:
    try:
        return next(pages, None)
    finally:
        release_connection()


def _since(source: StateChanges, identity: Identity, position: int) -> Sequence[Change]:
    try:
        return source.since(identity, position)
    finally:
        release_connection()


def _proven(prove: Callable[[], Identity | None]) -> Identity | None:
    try:
        return prove()
    finally:
        release_connection()


def _id_alone(position: Position) -> bytes:
    """A browser remembers it, and tells nobody."""
    return b"id: %s\n\n" % id_of(position).encode()
