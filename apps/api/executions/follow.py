"""A log as it grows, over Server-Sent Events: `id` is where to go on, so a reader that lost its connection misses
nothing."""

import asyncio
import codecs
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from asgiref.sync import sync_to_async

from apps.api.sse import ALIVE, ALIVE_EVERY_S, event
from apps.core.database import release_connection
from apps.core.errors import FieldError, Invalid
from apps.executions.files import log_reader
from apps.executions.models import Execution
from apps.executions.states import TERMINAL
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader

#: Between two looks at files that did not grow.
_PAUSE_S = 0.2
#: Bytes in one event.
_EVENT_BYTES = 64 * 1024


@dataclass
class _Position:
    """How far a stream has been told; bytes of a character that is not complete yet are held back."""

    offset: int
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))


def parse_position(text: str, streams: Sequence[Stream]) -> dict[Stream, int]:
    """`Last-Event-ID` as this module writes it: the offsets of the streams, joined by `-`. Raises `Invalid`."""
    parts = text.split("-") if text else ["0"] * len(streams)
    if len(parts) != len(streams) or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise Invalid(
            errors=[FieldError("/headers/Last-Event-ID", "invalid", "use the id of the last event, unchanged")]
        )
    return dict(zip(streams, map(int, parts), strict=True))


async def follow(execution_id: int, attempt: int, start: dict[Stream, int]) -> AsyncGenerator[bytes, None]:
    """Events `log` (`{stream, offset, gap, text}`) until the attempt is over and all is told, then one `end`."""
    reader = log_reader(execution_id, attempt)
    positions = {stream: _Position(offset) for stream, offset in start.items()}
    silent_s = 0.0
    while True:
        # Looked at before reading: what is read after the end is everything.
        status = await sync_to_async(_status_when_over)(execution_id, attempt)
        events = await asyncio.to_thread(_read_events, reader, positions, is_over=status is not None)
        for told in events:
            yield told
        if events:
            silent_s = 0.0
            continue
        if status is not None:
            yield event("end", _id_of(positions), {"status": status})
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


def _read_events(reader: LogReader, positions: dict[Stream, _Position], *, is_over: bool) -> list[bytes]:
    events = []
    for stream, position in positions.items():
        part = reader.read(stream, offset=position.offset, limit=_EVENT_BYTES)
        is_cut = bool(part.gap) or (is_over and not part.data)  # what was held back is never completed
        text = position.decoder.decode(b"", final=True) if is_cut else ""
        if not (part.data or text or (is_over and part.gap)):
            continue
        position.offset = part.next_offset
        text += position.decoder.decode(part.data, final=False)
        body = {"stream": stream.value, "offset": part.offset, "gap": part.gap, "text": text}
        events.append(event("log", _id_of(positions), body))
    return events


def _id_of(positions: dict[Stream, _Position]) -> str:
    held = {stream: len(position.decoder.getstate()[0]) for stream, position in positions.items()}
    return "-".join(str(position.offset - held[stream]) for stream, position in positions.items())
