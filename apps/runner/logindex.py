"""The index of a log: when which bytes of which stream came, so that both can be shown in order.

    1763721234567 o 0 512          at (ms since 1970), stream, offset, length
    end 1763721239001 512 0 0 0    the end: at, then per stream all bytes and the truncated ones

It is bounded: neighbours of one stream within a tenth of a second share a line, and a full index first
forgets what is no longer kept, then becomes coarser.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from apps.runner.loglayout import INDEX, UNFINISHED, Stream
from apps.runner.outcome import StreamTotals

#: lines, about 256 KiB
MAX_ENTRIES = 8192
#: chunks of one stream that follow each other this closely share a line
_SHARED_MS = 100
#: four neighbours become two at most, one per stream
_COARSEN_GROUP = 4
#: five numbers of 20 digits
_LAST_LINE_BYTES = 128

_LETTERS = {Stream.STDOUT: "o", Stream.STDERR: "e"}
_STREAMS = {letter: stream for stream, letter in _LETTERS.items()}
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE = 0o600


class Entry(NamedTuple):
    """Bytes of one stream that came at one time."""

    at_ms: int
    stream: Stream
    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    def line(self) -> str:
        return f"{self.at_ms} {_LETTERS[self.stream]} {self.offset} {self.length}\n"


class Index(NamedTuple):
    """What an index file says so far. `totals` is None while the log is being written."""

    entries: list[Entry]
    totals: dict[Stream, StreamTotals] | None


class IndexWriter:
    """Writes the index. Errors of the file system come out as OSError."""

    def __init__(
        self, folder: Path, *, keeps: Callable[[Stream, int, int], bool], max_entries: int = MAX_ENTRIES
    ) -> None:
        self._path = folder / INDEX
        self._keeps = keeps
        self._max_entries = max_entries
        self._descriptor = -1
        self._count = 0
        self._pending: Entry | None = None

    @property
    def has_pending(self) -> bool:
        """An entry waits for neighbours and is not in the file yet."""
        return self._pending is not None

    def add(self, entry: Entry) -> None:
        """Note an entry; it is in the file when the next one is, or after `flush`."""
        pending = self._pending
        if pending is not None and _may_share(pending, entry):
            self._pending = pending._replace(length=pending.length + entry.length)
            return
        self.flush()
        self._pending = entry

    def flush(self) -> None:
        """Write the entry that waits."""
        if self._pending is None:
            return
        line, self._pending = self._pending.line(), None
        self._write(line)
        self._count += 1
        if self._count >= self._max_entries:
            self._rewrite()

    def end(self, at_ms: int, totals: dict[Stream, StreamTotals]) -> None:
        """Write the last line."""
        self.flush()
        sizes = " ".join(f"{totals[stream].total_bytes} {totals[stream].truncated_bytes}" for stream in _LETTERS)
        self._write(f"end {at_ms} {sizes}\n")

    def close(self) -> None:
        """Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, text: str) -> None:
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, _FLAGS, _MODE)
        os.write(self._descriptor, text.encode())

    def _rewrite(self) -> None:
        entries = [entry for entry in read_index(self._path.parent).entries if self._keeps(*_range(entry))]
        while len(entries) > self._max_entries // 2:
            entries = list(coarsened(entries))
        unfinished = self._path.with_name(INDEX + UNFINISHED)
        self.close()
        unfinished.write_text("".join(entry.line() for entry in entries), encoding="ascii")
        unfinished.chmod(_MODE)
        unfinished.rename(self._path)
        self._count = len(entries)


def read_index(folder: Path) -> Index:
    """What the index of a log says; empty if there is none. A line that is just being written is left out."""
    entries: list[Entry] = []
    totals = None
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / INDEX).read_text("ascii", "replace").splitlines(keepends=True):
            if not line.endswith("\n"):
                break
            with contextlib.suppress(ValueError, KeyError):  # half a line, from a disk that was full
                first, *fields = line.split()
                if first == "end":
                    totals = _parse_totals(fields)
                else:
                    entries.append(_parse_entry(first, fields))
    return Index(entries, totals)


def parse_entries(text: str) -> list[Entry]:
    """The entries among whole lines of an index; what is no entry is left out."""
    entries = []
    for line in text.splitlines():
        first, _, rest = line.partition(" ")
        with contextlib.suppress(ValueError, KeyError):
            entries.append(_parse_entry(first, rest.split()))
    return entries


def read_totals(folder: Path) -> dict[Stream, StreamTotals] | None:
    """Only the last line, however long the index is: None until the log is closed."""
    try:
        with (folder / INDEX).open("rb") as index:
            index.seek(max(0, index.seek(0, os.SEEK_END) - _LAST_LINE_BYTES))
            *_, last = index.read().decode().splitlines(keepends=True) or [""]
    except FileNotFoundError:
        return None
    with contextlib.suppress(ValueError):
        first, *fields = last.split()
        if first == "end" and last.endswith("\n"):
            return _parse_totals(fields)
    return None


def coarsened(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Half as many entries or fewer: of each four neighbours those of one stream become one."""
    group: list[Entry] = []
    for entry in entries:
        group.append(entry)
        if len(group) == _COARSEN_GROUP:
            yield from _merged(group)
            group = []
    yield from _merged(group)


def _merged(group: list[Entry]) -> Iterator[Entry]:
    for stream in dict.fromkeys(entry.stream for entry in group):
        mine = [entry for entry in group if entry.stream is stream]
        yield mine[0]._replace(length=mine[-1].end - mine[0].offset)


def _may_share(pending: Entry, entry: Entry) -> bool:
    return pending.stream is entry.stream and pending.end == entry.offset and entry.at_ms - pending.at_ms < _SHARED_MS


def _range(entry: Entry) -> tuple[Stream, int, int]:
    return entry.stream, entry.offset, entry.end


def _parse_entry(at_ms: str, fields: list[str]) -> Entry:
    letter, offset, length = fields
    return Entry(int(at_ms), _STREAMS[letter], int(offset), int(length))


def _parse_totals(fields: list[str]) -> dict[Stream, StreamTotals]:
    _, *sizes = map(int, fields)
    pairs = zip(sizes[::2], sizes[1::2], strict=True)
    return {
        stream: StreamTotals(total_bytes=total, truncated_bytes=truncated)
        for stream, (total, truncated) in zip(_LETTERS, pairs, strict=True)
    }
