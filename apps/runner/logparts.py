"""One stream on disk: a head that stays and a tail of parts, of which the oldest can be dropped."""

import contextlib
import errno
import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apps.runner.loglayout import UNFINISHED, Stream, head_path, part_path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE = 0o600
#: the fastest: logs shrink to a tenth even so
_GZIP_LEVEL = 1


@dataclass(kw_only=True)
class _Part:
    start: int
    size: int = 0
    is_compressed: bool = False
    is_settled: bool = False  # compressed, or tried and left as it is

    @property
    def end(self) -> int:
        return self.start + self.size


class StreamParts:
    """Writes one stream. Errors of the file system come out as OSError; what was written before them stays.

    `make_room` is called before a part is begun, so that the owner can drop others.
    """

    def __init__(
        self,
        folder: Path,
        stream: Stream,
        *,
        head_bytes: int,
        part_bytes: int,
        make_room: Callable[[Stream], None],
    ) -> None:
        self._folder = folder
        self._stream = stream
        self._part_bytes = part_bytes
        self._make_room = make_room
        self._head = _Part(start=0)
        self._head_bytes = head_bytes
        self._parts: list[_Part] = []
        self._descriptor = -1

    @property
    def kept_bytes(self) -> int:
        """Bytes of the stream that are on disk."""
        return self._head.size + sum(part.size for part in self._parts)

    @property
    def part_count(self) -> int:
        """Parts of the tail, the one being written included."""
        return len(self._parts)

    @property
    def has_unsettled(self) -> bool:
        """There is a complete part that could be compressed; after `close` the last one is complete too."""
        return self._next_unsettled() is not None

    def keeps(self, start: int, end: int) -> bool:
        """Some of the bytes from start to end of the stream are on disk."""
        return any(start < part.end and end > part.start for part in (self._head, *self._parts))

    def append(self, data: bytes) -> None:
        """Write the next bytes of the stream, into as many files as they need."""
        view = memoryview(data)
        while view:
            current, capacity = self._current()
            if current.size == capacity:
                self._begin_part(start=current.end)
                continue
            if self._descriptor < 0:
                self._descriptor = os.open(self._path(current), _FLAGS, _MODE)
            written = os.write(self._descriptor, view[: capacity - current.size])
            current.size += written
            view = view[written:]

    def drop_oldest(self) -> None:
        """Remove the oldest part. Not the one that is being written."""
        part = self._parts.pop(0)
        self._path(part).unlink(missing_ok=True)

    def settle_one(self) -> None:
        """Compress the oldest complete part; if that fails, it stays as it is."""
        part = self._next_unsettled()
        if part is None:
            return
        part.is_settled = True
        plain = self._path(part)
        packed = part_path(self._folder, self._stream, start=part.start, is_compressed=True)
        unfinished = packed.with_name(packed.name + UNFINISHED)
        try:
            _compress(plain, unfinished, size=part.size)
            unfinished.rename(packed)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            return
        part.is_compressed = True
        with contextlib.suppress(OSError):
            plain.unlink()  # only now: a reader always finds one of the two

    def close(self) -> None:
        """Nothing more comes. FileNotFoundError if the file was removed while written. Idempotent."""
        was_removed = self._descriptor >= 0 and os.fstat(self._descriptor).st_nlink == 0
        self._close_file()
        if was_removed:
            raise FileNotFoundError(errno.ENOENT, "the file was removed while it was written", str(self._folder))

    def _current(self) -> tuple[_Part, int]:
        return (self._parts[-1], self._part_bytes) if self._parts else (self._head, self._head_bytes)

    def _begin_part(self, *, start: int) -> None:
        self._close_file()
        self._make_room(self._stream)
        self._parts.append(_Part(start=start))

    def _close_file(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _next_unsettled(self) -> _Part | None:
        complete = self._parts if self._descriptor < 0 else self._parts[:-1]
        return next((part for part in complete if part.size and not part.is_settled), None)

    def _path(self, part: _Part) -> Path:
        if part is self._head:
            return head_path(self._folder, self._stream)
        return part_path(self._folder, self._stream, start=part.start, is_compressed=part.is_compressed)


def _compress(source: Path, target: Path, *, size: int) -> None:
    with source.open("rb") as plain:
        packed = gzip.compress(plain.read(size), _GZIP_LEVEL, mtime=0)
    with open(os.open(target, _FLAGS, _MODE), "wb") as file:  # noqa: PTH123  it is a descriptor
        file.write(packed)
