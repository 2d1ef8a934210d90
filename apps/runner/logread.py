"""Read the log of one attempt, while it is written or later, from any process that sees the folder.

Offsets count the whole masked stream, also what was truncated. Nothing is remembered between calls:
where bytes are missing follows from the names and sizes of the files.
"""

import gzip
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from apps.runner.logindex import read_totals
from apps.runner.loglayout import Stream, parse_name

#: what one step of an iteration reads
_STEP_BYTES = 1 << 20
#: A part may be compressed, begun or dropped while we look; one look takes less than a millisecond.
_LOOKS = 5
#: the last four bytes of a gzip file: how long it was
_GZIP_SIZE = struct.Struct("<I")


@dataclass(frozen=True, kw_only=True)
class LogSlice:
    """A stretch of one stream."""

    data: bytes
    offset: int
    """Of the first byte; larger than what was asked for by `gap`."""
    gap: int
    """So many bytes before `data` are truncated."""
    is_end: bool
    """The log was closed and nothing comes after this."""

    @property
    def next_offset(self) -> int:
        """Where to go on reading."""
        return self.offset + len(self.data)


@dataclass(frozen=True, kw_only=True)
class LogPiece:
    """Some bytes of one stream, with the time (ms since 1970) at which they, or the first of them, came.

    The time is None where the index knows none.
    """

    at_ms: int | None
    stream: Stream
    offset: int
    data: bytes
    gap: int


class _Segment(NamedTuple):
    start: int
    size: int
    path: Path
    is_compressed: bool

    @property
    def end(self) -> int:
        return self.start + self.size


class LogReader:
    """The log in one folder. A missing folder reads like an empty log that is still being written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, stream: Stream, *, offset: int = 0, limit: int = _STEP_BYTES) -> LogSlice:
        """At most `limit` bytes from `offset` on, and how many are missing before them.

        To follow a log, read from `next_offset` until `is_end`. A writer that was killed never closes
        its log: whoever knows that the execution is over need not wait for `is_end`.
        """
        if limit <= 0:
            raise ValueError("a limit must be positive")
        # The end first: a log that is closed now is complete in whatever is read afterwards.
        totals = read_totals(self._folder)
        data, start = self._read_kept(stream, offset, limit)
        if totals is None:
            return LogSlice(data=data, offset=start, gap=start - offset, is_end=False)
        total = totals[stream].total_bytes
        if not data:  # behind the last byte that could be written
            start = max(offset, total)
        return LogSlice(data=data, offset=start, gap=start - offset, is_end=start + len(data) >= total)

    def tail(self, stream: Stream, size: int) -> LogSlice:
        """The newest `size` bytes; fewer if fewer are kept in one piece."""
        end = self.end(stream)
        return self.read(stream, offset=max(0, end - size), limit=size)

    def end(self, stream: Stream) -> int:
        """The offset behind the last byte that is kept."""
        segments = self._segments(stream)
        return segments[-1].end if segments else 0

    def everything(self, stream: Stream) -> Iterator[bytes]:
        """All that is kept, with a line that says how much is missing where bytes are missing."""
        last = b""
        for _, data, gap in Cursor(self, stream).until(None):
            last = marker(gap, after=last) if gap else data
            yield last

    def _read_kept(self, stream: Stream, offset: int, limit: int) -> tuple[bytes, int]:
        """Bytes from the first kept one at or behind `offset`, and its offset."""
        for _ in range(_LOOKS):
            segments = [segment for segment in self._segments(stream) if segment.end > offset]
            try:
                return _join(segments, offset, limit)
            except FileNotFoundError:  # dropped or compressed meanwhile
                continue
        return b"", offset

    def _segments(self, stream: Stream) -> list[_Segment]:
        """The files of a stream, in order."""
        for _ in range(_LOOKS):
            try:
                return _look(self._folder, stream)
            except FileNotFoundError:  # a file went between the list and the look at it
                continue
        return []


class Cursor:
    """Reads one stream forwards, in large steps however little is asked for."""

    def __init__(self, reader: LogReader, stream: Stream, *, position: int = 0) -> None:
        self._reader = reader
        self._stream = stream
        self._position = position
        self._ahead = b""
        self._used = 0

    def until(self, end: int | None) -> Iterator[tuple[int, bytes, int]]:
        """(offset, data, gap) up to an offset, or to the end of what is there; data or gap is empty."""
        while end is None or self._position < end:
            if self._used == len(self._ahead):
                part = self._reader.read(self._stream, offset=self._position)
                self._position, self._ahead, self._used = part.offset, part.data, 0
                if part.gap:
                    yield part.offset, b"", part.gap
                    continue
                if not part.data:
                    return
            stop = len(self._ahead) if end is None else self._used + end - self._position
            data = self._ahead[self._used : stop]
            yield self._position, data, 0
            self._position += len(data)
            self._used += len(data)


def marker(missing: int, *, after: bytes = b"") -> bytes:
    """The line that stands where bytes are missing."""
    line = b"[attune: %d bytes truncated]\n" % missing
    return line if not after or after.endswith(b"\n") else b"\n" + line


def _join(segments: list[_Segment], offset: int, limit: int) -> tuple[bytes, int]:
    """Bytes of neighbouring segments, up to a gap. FileNotFoundError if the first one has gone."""
    if not segments:
        return b"", offset
    start = position = max(offset, segments[0].start)
    joined: list[bytes] = []
    for segment in segments:
        if segment.start > position or position - start >= limit:
            break
        data = _read_segment(segment, position - segment.start, limit - (position - start))
        joined.append(data)
        position += len(data)
    return b"".join(joined), start


def _read_segment(segment: _Segment, offset: int, limit: int) -> bytes:
    if segment.is_compressed:
        with gzip.open(segment.path) as packed:
            packed.seek(offset)
            return packed.read(limit)
    with segment.path.open("rb") as plain:
        plain.seek(offset)
        return plain.read(limit)


def _look(folder: Path, stream: Stream) -> list[_Segment]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  strings are what is parsed
    except FileNotFoundError:
        return []
    found: dict[int, _Segment] = {}
    for name in sorted(names):  # a compressed part comes after the plain one, which is about to go
        file = parse_name(name)
        if file is not None and file.stream is stream:
            path = folder / name
            size = _packed_size(path) if file.is_compressed else path.stat().st_size
            found[file.start] = _Segment(file.start, size, path, file.is_compressed)
    return [found[start] for start in sorted(found)]


def _packed_size(path: Path) -> int:
    with path.open("rb") as packed:
        packed.seek(-_GZIP_SIZE.size, os.SEEK_END)
        (size,) = _GZIP_SIZE.unpack(packed.read())
    return int(size)
