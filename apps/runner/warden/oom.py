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
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        os.write(descriptor, ACTION_OOM_SCORE)
        os.close(descriptor)
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
