"""A log as it grows, over Server-Sent Events: `id` is where to go on, so a reader that lost its connection misses
nothing."""

import asyncio
import codecs
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from asgiref.sync import sync_to_async

from apps.api.sse import ALIVE, ALIVE_EVERY_S, event
from apps.core.database import release_connection
from apps.core.errors import FieldError, Invalid
from apps.executions.files import attempt_folder
from apps.executions.models import Execution
from apps.executions.states import TERMINAL
from apps.runner.logfollow import LogFollower
from apps.runner.loglayout import Stream
from apps.runner.logread import LogPiece

#: Between two looks at files that did not grow.
_PAUSE_S = 0.2
#: Bytes of the log in one event: it stays below 64 KiB even where JSON writes each byte as six.
EVENT_BYTES = 10_000
#: Bytes sent at once while there is plenty.
_CHUNK_BYTES = 256 * 1024


@dataclass
class _Position:
    """How far a stream has been told; bytes of a character that is not complete yet are held back."""

    offset: int
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    @property
    def told(self) -> int:
        return self.offset - len(self.decoder.getstate()[0])


def parse_position(text: str, streams: Sequence[Stream]) -> dict[Stream, int]:
    """`Last-Event-ID` as this module writes it: the offsets of the streams, joined by `-`. Raises `Invalid`."""
    parts = text.split("-") if text else ["0"] * len(streams)
    if len(parts) != len(streams) or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise Invalid(
            errors=[FieldError("/headers/Last-Event-ID", "invalid", "use the id of the last event, unchanged")]
        )
    return dict(zip(streams, map(int, parts), strict=True))


async def follow(execution_id: int, attempt: int, start: dict[Stream, int]) -> AsyncGenerator[bytes, None]:
    """Events `log` (`{stream, at, offset, gap, text}`) until the attempt is over and all is told, then one `end`.

    Both streams come in the order of the index, what is there already as well as what comes.
    """
    folder = attempt_folder(execution_id, attempt)
    async for chunk in follow_log(folder, start, status_when_over=lambda: _status_when_over(execution_id, attempt)):
        yield chunk


async def follow_log(
    folder: Path, start: dict[Stream, int], *, status_when_over: Callable[[], str | None]
) -> AsyncGenerator[bytes, None]:
    """The same of any log. `status_when_over` is asked in a thread, and gives None while the log may grow."""
    telling = _Telling(LogFollower(folder, start), start)
    silent_s = 0.0
    while True:
        # Looked at before reading: what is read after the end is everything.
        status = await sync_to_async(status_when_over)()
        events = telling.events(is_over=status is not None)
        while chunk := await asyncio.to_thread(_chunk_of, events):
            silent_s = 0.0
            yield chunk
        if status is not None:
            yield event("end", telling.position, {"status": status})
            return
        await asyncio.sleep(_PAUSE_S)
        silent_s += _PAUSE_S
        if silent_s >= ALIVE_EVERY_S:
            silent_s = 0.0
            yield ALIVE


def _status_when_over(execution_id: int, attempt: int) -> str | None:
    """The execution's status once this attempt writes no more."""
    try:
        row = Execution.objects.filter(pk=execution_id).values_list("attempt", "status").first()
    finally:
        release_connection()
    if row is None or row[0] > attempt or row[1] in TERMINAL:
        return row[1] if row else "gone"
    return None


def _chunk_of(events: Iterator[bytes]) -> bytes:
    """The next events, many at a time; empty at their end."""
    chunk = bytearray()
    for told in events:
        chunk += told
        if len(chunk) >= _CHUNK_BYTES:
            break
    return bytes(chunk)


class _Telling:
    """Makes events of what a follower reads."""

    def __init__(self, follower: LogFollower, start: dict[Stream, int]) -> None:
        self._follower = follower
        self._positions = {stream: _Position(offset) for stream, offset in start.items()}

    @property
    def position(self) -> str:
        return "-".join(str(position.told) for position in self._positions.values())

    def events(self, *, is_over: bool) -> Iterator[bytes]:
        """One round."""
        at_ms: int | None = None
        for piece in self._follower.read(is_over=is_over):
            at_ms = piece.at_ms
            yield from self._piece(piece)
        if is_over:
            for stream in self._positions:
                yield from self._never_completed(stream, at_ms)

    def _piece(self, piece: LogPiece) -> Iterator[bytes]:
        position = self._positions[piece.stream]
        if piece.gap:
            yield from self._never_completed(piece.stream, piece.at_ms)
            position.offset = piece.offset
            yield self._event(piece.stream, piece.at_ms, offset=piece.offset, gap=piece.gap, text="")
        for first in range(0, len(piece.data), EVENT_BYTES):
            part = piece.data[first : first + EVENT_BYTES]
            offset = position.told
            position.offset += len(part)
            if text := position.decoder.decode(part):
                yield self._event(piece.stream, piece.at_ms, offset=offset, text=text)

    def _never_completed(self, stream: Stream, at_ms: int | None) -> Iterator[bytes]:
        """Bytes that were held back for a character whose rest never came."""
        position = self._positions[stream]
        offset = position.told
        if text := position.decoder.decode(b"", final=True):
            yield self._event(stream, at_ms, offset=offset, text=text)

    def _event(self, stream: Stream, at_ms: int | None, *, offset: int, text: str, gap: int = 0) -> bytes:
        at = None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
        body = {"stream": stream.value, "at": at, "offset": offset, "gap": gap, "text": text}
        return event("log", self.position, body)
