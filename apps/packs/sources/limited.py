"""Becomes another program with limits on its files and memory, which ends when the process that started it does.

Run as a file: `python -I -S limited.py FILE_BYTES MEMORY_BYTES PARENT_PID PROGRAM ARGUMENT…`. A program of its own
because all this must happen between fork and exec, where Python code of a parent with threads is not safe.
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(file_bytes: int, memory_bytes: int, parent_pid: int, argv: list[str]) -> None:
    """Replace this process by `argv`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it ended before the request was made
        sys.exit(f"{argv[0]}: not started, its parent has ended")
    for kind, limit in (
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    # What exec would hand on: Python ignores SIGPIPE and SIGXFSZ.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(argv[0], argv)  # noqa: S606 - an argv list; there is no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
