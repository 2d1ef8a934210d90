"""The loop of one run: move bytes between its pipes and their takers until the run has ended.

One thread, one poll. Nothing blocks but the poll itself; a stream nobody writes to costs nothing.
"""

import contextlib
import fcntl
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol

from apps.runner.stdin import Feeder
from apps.runner.warden.wire import Report

#: what one read may bring; also what a busy pipe is widened to, from 64 KiB
_CHUNK_BYTES = 256 * 1024
#: a read that brings this much comes from a busy pipe
_BUSY_BYTES = 64 * 1024
#: After the end of the run: its processes are dead, so whoever still holds a pipe is a stranger.
_AFTER_END_S = 2.0
#: a moment without output, in which deferred work is done
_IDLE_S = 0.05
_REPORT_BYTES = 256


class Deferred(Protocol):
    """Work that waits for a moment without output."""

    @property
    def has_deferred_work(self) -> bool: ...

    def do_deferred_work(self) -> None: ...


class Pump:
    """Reads streams into takers, feeds stdin, waits for the supervisor's report."""

    def __init__(self, supervisor: socket.socket, *, feeder: Feeder, deferred: Deferred) -> None:
        self._supervisor = supervisor
        self._feeder = feeder
        self._deferred = deferred
        self._streams: dict[int, Callable[[bytes], None]] = {}
        self._poll = select.poll()
        self._poll.register(supervisor, select.POLLIN)
        self._feeding: int | None = None
        self._inbox: int | None = None
        self._await_feeding()
        self._report: Report | None = None
        self._ended_at: float | None = None

    def add_stream(self, descriptor: int, taker: Callable[[bytes], None]) -> None:
        """Give everything that comes from a pipe to `taker`. The caller closes the descriptor in the end."""
        self._streams[descriptor] = taker
        self._poll.register(descriptor, select.POLLIN)

    def run(self) -> Report | None:
        """Until the run has ended and its streams too; None if nobody was left to report."""
        while self._ended_at is None or (self._streams and time.monotonic() < self._ended_at + _AFTER_END_S):
            ready = [descriptor for descriptor, _ in self._poll.poll(self._patience_ms())]
            for descriptor in ready:
                self._serve(descriptor)
            if not ready and self._deferred.has_deferred_work:
                self._deferred.do_deferred_work()
        return self._report

    def _patience_ms(self) -> float | None:
        if self._ended_at is not None:
            return max(0.0, self._ended_at + _AFTER_END_S - time.monotonic()) * 1000
        return _IDLE_S * 1000 if self._deferred.has_deferred_work else None

    def _serve(self, descriptor: int) -> None:
        if descriptor in self._streams:
            self._read(descriptor)
        elif descriptor in (self._feeding, self._inbox):
            self._feeder.feed()
            self._await_feeding()
        elif descriptor == self._supervisor.fileno():
            self._hear_supervisor()

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, _CHUNK_BYTES)
        if not data:
            self._poll.unregister(descriptor)
            del self._streams[descriptor]
            return
        if len(data) == _BUSY_BYTES:
            with contextlib.suppress(OSError):  # beyond what one user may have in pipes
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _CHUNK_BYTES)
        self._streams[descriptor](data)

    def _await_feeding(self) -> None:
        """Room in the pipe while there is something to write, else the inbox."""
        inbox = self._feeder.inbox
        self._feeding = self._follow(self._feeding, self._feeder.descriptor, select.POLLOUT)
        self._inbox = self._follow(self._inbox, inbox.fileno() if inbox is not None else None, select.POLLIN)

    def _follow(self, before: int | None, after: int | None, event: int) -> int | None:
        if before != after:
            if before is not None:
                self._poll.unregister(before)
            if after is not None:
                self._poll.register(after, event)
        return after

    def _hear_supervisor(self) -> None:
        try:
            message = self._supervisor.recv(_REPORT_BYTES)
        except ConnectionResetError:
            # It ended without reading our last word. Its own last word is still there to be read.
            return
        self._poll.unregister(self._supervisor)
        self._ended_at = time.monotonic()
        if message:
            self._report = Report.decode(message)
