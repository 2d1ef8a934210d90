"""The processes of one run as its supervisor sees them: started, watched and counted, wherever they hang in the tree.

`Forked` is a cold start: the action is the supervisor's own child. Its counterpart is `adopted.Adopted`.
"""

import os
import time
from collections.abc import Sequence
from typing import Protocol

from apps.runner.warden import action
from apps.runner.warden.quickstart import QuickStart
from apps.runner.warden.wire import Order, Stage, Start


class Family(Protocol):
    """What of a run lives. `reap` before anything else is asked."""

    start: Start
    root: int
    """Everything of the run is below this process, and nothing else is."""
    pid: int
    """Of the action; it may have ended."""
    is_left: bool
    """Something of it still lives, as far as is known."""
    is_lost: bool
    """Nothing more will be heard of it, and something may still live: it is the warden's now."""
    status: int | None
    """Wait status of the action, when it has ended."""
    ended_at: float

    def reap(self) -> None: ...

    def failure(self) -> tuple[Stage, int] | None:
        """Why the action never became its program; once, after its end."""

    def usage(self) -> tuple[float, int]:
        """CPU seconds of all, and memory of the largest in bytes."""

    def leave(self) -> None:
        """Nobody looks after it any more. Once, and the last of all."""


class Forked:
    """Children of this process. OSError: none could be forked; `NotStarted`."""

    start = Start.COLD
    is_lost = False

    def __init__(self, order: Order, descriptors: Sequence[int], *, quick: QuickStart | None) -> None:
        self.root = os.getpid()
        self._failures = -1
        pid = quick.start(order, descriptors) if quick is not None else None
        if pid is not None:
            self.pid = pid
        else:
            self.pid, self._failures = action.start(order, descriptors)
        self.is_left = True
        self.status: int | None = None
        self.ended_at = 0.0
        self._cpu_s, self._max_rss_bytes = 0.0, 0

    def reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.is_left = False
                return
            if pid == 0:
                return
            self._cpu_s += usage.ru_utime + usage.ru_stime
            self._max_rss_bytes = max(self._max_rss_bytes, usage.ru_maxrss * 1024)
            if pid == self.pid and self.status is None:  # later it may be somebody else's
                self.status, self.ended_at = status, time.monotonic()

    def failure(self) -> tuple[Stage, int] | None:
        return None if self._failures < 0 else action.failure_of(self._failures)

    def usage(self) -> tuple[float, int]:
        return self._cpu_s, self._max_rss_bytes

    def leave(self) -> None:
        """Orphans are the warden's by themselves."""


class Nobody:
    """Before a start, and where there was none."""

    start = Start.COLD
    is_lost = False
    root = 0
    pid = 0
    is_left = False
    status: int | None = None
    ended_at = 0.0

    def reap(self) -> None: ...

    def failure(self) -> tuple[Stage, int] | None:
        return None

    def usage(self) -> tuple[float, int]:
        return 0.0, 0

    def leave(self) -> None: ...
