"""The log of one attempt: both streams into bounded files, with an index of times.

A log that cannot be written never fails a run: the writer marks itself failed, writes no more, and
goes on counting.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from apps.runner.logindex import Entry, IndexWriter
from apps.runner.loglayout import Stream
from apps.runner.logparts import StreamParts
from apps.runner.outcome import StreamTotals
from apps.runner.spec import LogLimits

logger = logging.getLogger(__name__)

#: Where `total_bytes` is less than both streams may have: so much of it for each head, and for each part
_HEAD_SHARE = 4
_PART_SHARE = 8
_FOLDER_MODE = 0o700


class LogWriter:
    """Both streams of one attempt. Used by one thread; readable by others all the while (`logread`)."""

    def __init__(self, folder: Path, *, limits: LogLimits, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._limits = limits
        self._part_bytes = min(limits.part_bytes, limits.total_bytes // _PART_SHARE)
        self._head_bytes = min(limits.head_bytes, limits.total_bytes // _HEAD_SHARE)
        self._written = dict.fromkeys(Stream, 0)
        self._parts = {stream: self._new_parts(stream) for stream in Stream}
        self._index = IndexWriter(folder, keeps=self._keeps)
        self._has_folder = False
        self._is_closed = False
        self.failed = False
        """Some output could not be written; from then on none is."""

    @property
    def has_deferred_work(self) -> bool:
        """`do_deferred_work` would do something."""
        if self.failed:
            return False
        return self._index.has_pending or any(parts.has_unsettled for parts in self._parts.values())

    def totals(self, stream: Stream) -> StreamTotals:
        """What was written to a stream, and how much of that is not kept."""
        written = self._written[stream]
        return StreamTotals(total_bytes=written, truncated_bytes=written - self._parts[stream].kept_bytes)

    def write(self, stream: Stream, data: bytes) -> int:
        """Add to a stream; the offset at which the data stand in it. Never fails."""
        offset = self._written[stream]
        self._written[stream] += len(data)
        if self._part_bytes and not self.failed:
            try:
                self._make_folder()
                self._parts[stream].append(data)
                self._index.add(Entry(self._now_ms(), stream, offset, len(data)))
            except OSError as error:
                self._fail(error)
        return offset

    def do_deferred_work(self) -> None:
        """One piece of what can wait for a moment without output: the index, or compressing one part."""
        if self._index.has_pending:
            try:
                self._index.flush()
            except OSError as error:
                self._fail(error)
            return
        for parts in self._parts.values():
            if parts.has_unsettled:
                parts.settle_one()
                return

    def close(self) -> None:
        """Write the end, and compress what is left of the tails. Idempotent; never fails."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            for parts in self._parts.values():
                parts.close()
            self._make_folder()
            self._index.end(self._now_ms(), {stream: self.totals(stream) for stream in Stream})
        except OSError as error:
            self._fail(error)
        self._index.close()
        for parts in self._parts.values():
            while parts.has_unsettled:
                parts.settle_one()

    def _new_parts(self, stream: Stream) -> StreamParts:
        return StreamParts(
            self._folder,
            stream,
            head_bytes=self._head_bytes,
            part_bytes=self._part_bytes,
            make_room=self._make_room,
        )

    def _make_room(self, stream: Stream) -> None:
        """Drop parts until one more fits: into this stream's tail, and into what both may have."""
        while (self._parts[stream].part_count + 1) * self._part_bytes > self._limits.tail_bytes:
            self._parts[stream].drop_oldest()
        for_parts = self._limits.total_bytes - len(Stream) * self._head_bytes
        while (sum(parts.part_count for parts in self._parts.values()) + 1) * self._part_bytes > for_parts:
            # A quarter of the total for each head leaves room for four parts, so the longest tail has
            # one that is not being written.
            longest = max((stream, *Stream), key=lambda candidate: self._parts[candidate].part_count)
            self._parts[longest].drop_oldest()

    def _keeps(self, stream: Stream, start: int, end: int) -> bool:
        return self._parts[stream].keeps(start, end)

    def _make_folder(self) -> None:
        if not self._has_folder:
            self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            self._has_folder = True

    def _fail(self, error: OSError) -> None:
        if not self.failed:
            logger.warning("the log in %s cannot be written: %s", self._folder, error)
        self.failed = True

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
