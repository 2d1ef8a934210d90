"""Has the kernel killed for lack of memory? Read from counters, never from a guess alone.

A SIGKILL that nobody here sent, while the counter of out-of-memory kills grew, is taken for one. The
counter is that of our own control group where it can be read, else that of the machine. A limit of
address space cannot be told apart: the program merely sees an allocation fail.
"""

import math
import os

#: raised for actions, so that a machine short of memory kills one of them before worker or supervisor
ACTION_OOM_SCORE = b"500"
_MAX_AGE_S = 1.0
_SCORE = "/proc/self/oom_score_adj"
_COUNTERS = ("/sys/fs/cgroup/memory.events", "/proc/vmstat")


def kill_count() -> int:
    """Out-of-memory kills so far; -1 if no counter can be read."""
    for path in _COUNTERS:
        count = _counter(path)
        if count >= 0:
            return count
    return -1


class Baseline:
    """The count before a run, at most a second older than its start: reading it costs more than a fork."""

    def __init__(self) -> None:
        self._count = -1
        self._read_at = -math.inf

    def count(self, now: float) -> int:
        """Read anew if the last time was more than a second before `now`."""
        if now - self._read_at > _MAX_AGE_S:
            self._count, self._read_at = kill_count(), now
        return self._count


def volunteer() -> None:
    """Make this process a likelier victim than its parents. Best effort: /proc may be read-only."""
    try:
        descriptor = os.open(_SCORE, os.O_WRONLY | os.O_CLOEXEC)
        os.write(descriptor, ACTION_OOM_SCORE)
        os.close(descriptor)
    except OSError:
        pass


class Victim:
    """While the block runs this process is as likely a victim as actions, and what it starts stays so. Best effort."""

    def __init__(self) -> None:
        self._descriptor = -1
        try:
            self._descriptor = os.open(_SCORE, os.O_RDWR | os.O_CLOEXEC)
            self._own = os.pread(self._descriptor, 16, 0)
        except OSError:
            self._own = b""

    def __enter__(self) -> None:
        self._write(ACTION_OOM_SCORE)

    def __exit__(self, *_: object) -> None:
        self._write(self._own)

    def _write(self, score: bytes) -> None:
        if not self._own:
            return
        try:
            os.pwrite(self._descriptor, score, 0)
        except OSError:
            pass


def _counter(path: str) -> int:
    try:
        with open(path, "rb") as lines:  # noqa: PTH123  pathlib would cost the warden 1.5 MB
            for line in lines:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return -1
