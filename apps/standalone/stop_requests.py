"""Turns signals that ask us to stop into something a loop can wait for."""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

from apps.standalone.errors import StopRequestedError


class StopRequests:
    """Counts the requests to stop (TERM, INT, HUP), and ends a wait early for them and for an ended child.

    1. Enter it, once per process and in the main thread. 2. `wait` in loops. 3. Leaving it restores the
    handlers that were there. Handlers do not reach programs we start: exec sets them back.
    """

    def __init__(self) -> None:
        self.count = 0
        self._reader, self._writer = socket.socketpair()
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # nohup wants us to outlive the terminal.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._request)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._wake)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal() gave us
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as a signal comes."""
        if select.select([self._reader], [], [], seconds)[0]:
            self._reader.recv(4096)

    def check(self) -> None:
        """Raise StopRequestedError if a stop was asked for."""
        if self.count:
            raise StopRequestedError("Stopped before Attune was ready.")

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.count += 1

    def _wake(self, number: int, frame: FrameType | None) -> None:
        """Only there so that the signal is written to the wake-up descriptor."""
