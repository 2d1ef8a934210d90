"""Becomes another program that ends when the process that started it does, even by SIGKILL.

Run as a file: `python -I -S die_with_parent.py SIGNAL PARENT_PID PROGRAM ARGUMENT…`. A program of its own
because the request (PR_SET_PDEATHSIG) must be made between fork and exec, where Python code of a parent
with threads is not safe, and after any change of user, which forgets it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(number: int, parent_pid: int, argv: list[str]) -> None:
    """Replace this process by `argv`, to receive signal `number` when the parent's thread ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent_pid:  # it ended before the request was made
        sys.exit(f"{argv[0]}: not started, its parent has ended")
    # What exec would hand on: Python ignores SIGPIPE, a shell's background job SIGINT and SIGQUIT.
    for name in ("SIGPIPE", "SIGXFSZ", "SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"):
        signal.signal(signal.Signals[name], signal.SIG_DFL)
    os.execv(argv[0], argv)  # noqa: S606  an argv list; there is no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
