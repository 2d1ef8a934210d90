"""What Python has no name for: whose children orphans become, and when a process ends with its parent. Linux only."""

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

#: linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
_prctl.restype = ctypes.c_int


@contextmanager
def orphans_are_ours() -> Iterator[None]:
    """In this block, whoever loses its parent below this process becomes its child; afterwards init's, as before."""
    _call(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        _call(_PR_SET_CHILD_SUBREAPER, 0)


def die_with_parent(number: signal.Signals) -> None:
    """Ask for this signal when the parent ends. The caller looks who the parent is afterwards."""
    _call(_PR_SET_PDEATHSIG, number)


def _call(option: int, argument: int) -> None:
    if _prctl(option, argument, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
