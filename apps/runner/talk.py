"""What a program that goes on (a sensor) and its supervisor say to each other beside its output: lines in, lines out.

The inbox may be filled from any thread; the run's own thread writes it into the program's stdin, which stays open. What
the program says goes to one taker, in the run's own thread: while the taker works nothing is read, the pipe fills, and
a program that says too much has to wait. So a flood costs neither memory nor anybody else.
"""

import os
import threading
from collections.abc import Callable, Iterable

#: Lines that a program has not read yet; one that reads nothing at all is told nothing more.
INBOX_MAX_BYTES = 1024 * 1024

#: Takes what the program said, raw and cut anywhere, and `b""` once at its end; returns remarks for the program's log.
Hear = Callable[[bytes], Iterable[str]]


class Inbox:
    """Lines for a program's stdin. Threads may share it; to be closed by who made it."""

    def __init__(self, *, max_bytes: int = INBOX_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._wakeup = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """Readable while there is something that `take` was not asked for yet."""
        return self._wakeup

    def put(self, line: bytes) -> bool:
        """Adds a line, with its newline; False for one that finds no room, or nobody there any more."""
        with self._lock:
            if self._wakeup < 0 or len(self._waiting) + len(line) > self._max_bytes:
                return False
            self._waiting += line
            os.eventfd_write(self._wakeup, 1)
            return True

    def take(self) -> bytes:
        """Everything that waits."""
        with self._lock:
            taken = bytes(self._waiting)
            self._waiting.clear()
            if self._wakeup >= 0 and taken:
                os.eventfd_read(self._wakeup)
            return taken

    def close(self) -> None:
        """Nobody reads any more. Idempotent."""
        with self._lock:
            if self._wakeup >= 0:
                os.close(self._wakeup)
                self._wakeup = -1


class Talk:
    """`inbox` None: the program reads its input to the end, as an action does."""

    def __init__(self, hear: Hear, *, inbox: Inbox | None = None) -> None:
        self.hear = hear
        self.inbox = inbox
