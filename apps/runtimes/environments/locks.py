"""Locks of files (flock): the kernel lets go of them when their owner dies, so none is ever stale."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.runtimes.environments import metadata
from apps.runtimes.environments.errors import BuildTimedOut, EnvironmentGone

_POLL_S = 0.05


@contextmanager
def exclusive(path: Path, *, timeout_s: float, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Holds the lock, which is made if it is missing. Calls `on_wait` once if somebody else has it.

    Raises `BuildTimedOut` after `timeout_s`. Polls, because a blocked flock could not give up.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline, waited = time.monotonic() + timeout_s, False
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if not waited:
                on_wait()
                waited = True
            if time.monotonic() >= deadline:
                raise BuildTimedOut(f"Another builder held {path} for longer than {timeout_s:g} s.")
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keeps a generation from being removed while something runs in it. Shared; takes microseconds.

    Raises `EnvironmentGone` if it is being removed or has been: look the environment up again.
    """
    try:
        descriptor = os.open(folder / metadata.FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise EnvironmentGone from error
    try:
        # Between open and lock the file may have been removed; then the lock is on nothing.
        if not _try_lock(descriptor, fcntl.LOCK_SH) or os.fstat(descriptor).st_nlink == 0:
            raise EnvironmentGone
        yield
    finally:
        os.close(descriptor)


@contextmanager
def unheld(folder: Path) -> Iterator[bool]:
    """True if nobody holds the generation, and then nobody can while the block runs."""
    try:
        descriptor = os.open(folder / metadata.FILE_NAME, os.O_RDWR | os.O_CLOEXEC)  # NFS locks what is writable
    except FileNotFoundError:
        yield True
        return
    try:
        yield _try_lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
