"""Takes over the files an action of another user has left, once nothing of it runs any more."""

import os
import shutil
import stat
from pathlib import Path

from apps.runner.removal import remove_tree

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: Deepest folder that is copied to another file system.
_MAX_DEPTH = 64


def take_over(left: Path, target: Path) -> None:
    """Moves the folder to `target`, where only the worker reaches it; its regular files at least. Raises OSError."""
    if not left.is_dir():
        return
    if not any(left.iterdir()):
        left.rmdir()
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(left, os.geteuid(), os.getegid(), follow_symlinks=False)
    left.chmod(0o700)
    try:
        left.rename(target)
    except OSError:  # another file system, or a large result is there already
        _copy(left, target, depth=0)
        remove_tree(left)


def _copy(source: Path, target: Path, *, depth: int) -> None:
    target.mkdir(exist_ok=True, mode=0o700)
    if depth > _MAX_DEPTH:
        return
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _copy(Path(entry.path), target / entry.name, depth=depth + 1)
            elif entry.is_file(follow_symlinks=False):
                _copy_file(entry.path, target / entry.name)


def _copy_file(source: str, target: Path) -> None:
    descriptor = os.open(source, _READ)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is a descriptor
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            with target.open("xb") as copy:
                shutil.copyfileobj(file, copy)
