"""Ends processes that should have ended by themselves, and says so: each is a bug worth hearing of."""

import signal
import time
from collections.abc import Collection
from pathlib import Path

from apps.standalone.child import POLL_S
from apps.standalone.processes import ProcessId
from apps.standalone.report import Report

#: How long processes may take to notice that whoever they belong to is gone. Seconds.
GRACE_S = 5.0

#: How long the kernel may take to end what was killed; in uninterruptible I/O it never does. Seconds.
KILL_S = 5.0


def end_strays(processes: Collection[ProcessId], *, report: Report, grace_s: float = GRACE_S) -> int:
    """Wait for these processes to end, kill those that do not; return how many had to be killed. Blocks."""
    strays = wait_for_end(processes, seconds=grace_s)
    for process in strays:
        report.say(f"  killing process {process.pid}, which was left over: {_command(process.pid)}")
        process.send(signal.SIGKILL)
    for process in wait_for_end(strays, seconds=KILL_S):
        report.say(f"  process {process.pid} does not end, not even killed: {_command(process.pid)}")
    return len(strays)


def wait_for_end(processes: Collection[ProcessId], *, seconds: float) -> list[ProcessId]:
    """Wait until these processes have ended; return those that have not in so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if process.is_alive()]) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return left


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "(ended meanwhile)"
    # Only the program: arguments may say more than a terminal should show.
    return words[0].decode(errors="replace") or "(no command line)"
