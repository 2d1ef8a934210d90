"""Private folders for what is being installed, below the packs' folder. Each is held by a lock as long as its process
lives, so that the next who needs one removes at once what a killed process left."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from apps.core.errors import Unavailable

_LOCK_SUFFIX = ".lock"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class PacksReadOnly(Unavailable):
    """The folder of packs cannot be written on this host."""

    code = "packs_read_only"


@contextmanager
def private_folder() -> Iterator[Path]:
    """An empty folder nobody else looks into, on the file system of the unpacked packs; gone afterwards.

    Raises `PacksReadOnly`.
    """
    try:
        folder, held = _made(Path(settings.ATTUNE_PACKS_DIR) / ".staging")
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        where = f"{settings.ATTUNE_PACKS_DIR}: {error.strerror}"
        raise PacksReadOnly(f"The folder of packs cannot be written on this host ({where}).") from error
    try:
        yield folder
    finally:
        discard(folder)
        _lock_of(folder).unlink(missing_ok=True)
        os.close(held)


def _made(root: Path) -> tuple[Path, int]:
    """A new folder below `root`, and the lock that holds it."""
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root.with_name(root.name + _LOCK_SUFFIX)):
        _discard_of_the_dead(root)
        folder = Path(tempfile.mkdtemp(dir=root))
        held = _lock(_lock_of(folder))
        assert held is not None, "it waits until it has it"
    return folder, held


def discard(folder: Path) -> None:
    """Removes a folder, read-only or not, if it is there."""
    if not folder.is_dir():
        return
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _discard_of_the_dead(root: Path) -> None:
    for lock in root.glob(f"*{_LOCK_SUFFIX}"):
        held = _lock(lock, blocking=False)
        if held is not None:
            discard(lock.with_name(lock.name.removesuffix(_LOCK_SUFFIX)))
            lock.unlink(missing_ok=True)
            os.close(held)
    for folder in root.iterdir():  # killed between its folder and its lock, which both happen under ours
        if folder.is_dir() and not _lock_of(folder).exists():
            discard(folder)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK_SUFFIX)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _lock(path)
    assert descriptor is not None, "it waits until it has it"
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(path: Path, *, blocking: bool = True) -> int | None:
    """None when somebody else holds it."""
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
