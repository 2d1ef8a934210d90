"""The kernel calls Python has no name for. Linux only; nothing here decides anything."""

import ctypes
import os
import time

#: linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

# Prepared once: in a fresh fork every conversion costs page faults.
_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
_prctl.restype = ctypes.c_int


def boottime() -> float:
    """Seconds since boot, also those the machine slept through: a worker is silent while it sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def become_subreaper() -> None:
    """Orphans among the descendants get this process as their parent. Not inherited by forks."""
    _call(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signum: int) -> None:
    """Ask for `signum` when the parent thread ends. A change of user clears it: call this last."""
    _call(_PR_SET_PDEATHSIG, signum)


def set_name(name: bytes) -> None:
    """Name this process for `ps` and `top`; the kernel keeps 15 bytes. Best effort: /proc may be read-only.

    Not by `prctl`: to make it an address takes a tenth of a megabyte of each supervisor.
    """
    try:
        descriptor = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
        os.write(descriptor, name)
        os.close(descriptor)
    except OSError:
        pass


def _call(option: int, argument: int) -> None:
    if _prctl(option, argument, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
