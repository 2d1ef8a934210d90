"""The folder below which one worker's runs work. Held by a lock as long as the worker lives: a later worker that can
take the lock knows that the other is dead, ends what it left running and removes what it left lying.

    <root>/lock                 held for the moment in which folders are made or taken over
    <root>/w-<random>/          where the runs of one worker have their work directories
    <root>/w-<random>.lock      held by that worker; the kernel lets go of it when it dies
"""

import contextlib
import fcntl
import logging
import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

from apps.runner.removal import remove_tree

logger = logging.getLogger(__name__)

_PREFIX = "w-"
_LOCK_SUFFIX = ".lock"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
#: Others may pass through to the work directories of their runs, and see nothing on the way.
_FOLDER_MODE = 0o711


@contextlib.contextmanager
def workplace(root: Path) -> Iterator[Path]:
    """A fresh folder of this worker, removed at the end. First what dead workers left below `root` is cleaned up."""
    if not root.is_dir():
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(_FOLDER_MODE)  # whatever the worker's umask
    clean_up_after_the_dead(root)
    with _locked(root / "lock"):
        folder = root / f"{_PREFIX}{secrets.token_hex(6)}"
        held = _lock(folder.with_name(folder.name + _LOCK_SUFFIX))
        folder.mkdir()
        folder.chmod(_FOLDER_MODE)
    try:
        yield folder
    finally:
        _remove(folder)
        folder.with_name(folder.name + _LOCK_SUFFIX).unlink(missing_ok=True)
        os.close(held)


def clean_up_after_the_dead(root: Path) -> None:
    """Kills what still runs below, and removes, every folder whose worker is gone."""
    for lock_path in sorted(root.glob(f"{_PREFIX}*{_LOCK_SUFFIX}")):
        with _locked(root / "lock"):
            held = _try_lock(lock_path)
        if held is None:
            continue  # its worker lives
        try:
            folder = lock_path.with_name(lock_path.name.removesuffix(_LOCK_SUFFIX))
            for pid in kill_processes_of(folder):
                logger.warning("process %d of a worker that is gone was killed", pid)
            _remove(folder)
            lock_path.unlink(missing_ok=True)
        finally:
            os.close(held)


def kill_processes_of(folder: Path) -> list[int]:
    """Kills every process that was started to work in `folder` or below; returns their pids.

    They are known by their environment, which a program may change only for those it starts itself. The supervisors of
    a dead worker do this at once; here it is for what outlived them too.
    """
    marks = (f"\0HOME={folder}\0".encode(), f"\0HOME={folder}/".encode())
    killed = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - strings are what is parsed
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            environment = b"\0" + Path("/proc", name, "environ").read_bytes()
            if any(mark in environment for mark in marks):
                os.kill(int(name), signal.SIGKILL)
                killed.append(int(name))
    return killed


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int:
    descriptor = os.open(path, _FLAGS, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _try_lock(path: Path) -> int | None:
    """None when somebody holds it, or has just removed it."""
    try:
        descriptor = os.open(path, _FLAGS & ~os.O_CREAT)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove(path: Path) -> None:
    try:
        remove_tree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("%s cannot be removed: %s", path, error)
