"""Follow the log of one attempt: both streams in the order of the index, as far as it goes, and on as it grows."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from apps.runner.logindex import Entry, parse_entries
from apps.runner.loglayout import INDEX, Stream
from apps.runner.logread import Cursor, LogPiece, LogReader


class LogFollower:
    """Begins at an offset of each stream that is wanted; what was told is not told again.

    Output is told when the index knows its time, which is a tenth of a second later at most. Which of two bytes of
    different streams comes first depends on how fine the index is; where one stream stands never does.
    """

    def __init__(self, folder: Path, start: Mapping[Stream, int]) -> None:
        reader = LogReader(folder)
        self._cursors = {stream: Cursor(reader, stream, position=offset) for stream, offset in start.items()}
        self._index = _GrowingIndex(folder / INDEX)
        self._at_ms: int | None = None

    def read(self, *, is_over: bool) -> Iterator[LogPiece]:
        """What has come since the read before. `is_over`: nobody writes any more, so the rest is all there is.

        Exhaust one read before the next. A gap comes as a piece of its own, without data.
        """
        for entry in self._index.new_entries():
            if (cursor := self._cursors.get(entry.stream)) is not None:
                self._at_ms = entry.at_ms
                yield from self._pieces(cursor, entry.stream, entry.end)
        if is_over:
            for stream, cursor in self._cursors.items():  # what never came into the index
                yield from self._pieces(cursor, stream, None)

    def _pieces(self, cursor: Cursor, stream: Stream, end: int | None) -> Iterator[LogPiece]:
        for offset, data, gap in cursor.until(end):
            yield LogPiece(at_ms=self._at_ms, stream=stream, offset=offset, data=data, gap=gap)


class _File(NamedTuple):
    """Which file the index was at the last look: a full one is written anew, under the same name."""

    device: int
    inode: int


class _GrowingIndex:
    """Reads what was added to the index; all of it after it was written anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: _File | None = None
        self._read = 0

    def new_entries(self) -> list[Entry]:
        try:
            with self._path.open("rb") as index:
                status = os.fstat(index.fileno())
                file = _File(status.st_dev, status.st_ino)
                if file != self._file:
                    self._file, self._read = file, 0
                index.seek(self._read)
                added = index.read()
        except FileNotFoundError:
            return []
        complete = added[: added.rfind(b"\n") + 1]  # the last line may be just being written
        self._read += len(complete)
        return parse_entries(complete.decode(errors="replace"))
