"""Remove a folder that strangers filled: any depth, any modes, never a step outside of it.

`shutil.rmtree` is safe against links too, but it recurses: a program can nest folders deeper than our
stack and our descriptors reach. This one holds one descriptor at a time and checks its way back up.
"""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_ALL = 0o700


class _Level(NamedTuple):
    identity: tuple[int, int]  # device, inode
    name: str
    folders: list[str]  # still to be entered


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it. What refuses is left, and then so is the folder: OSError.

    Other file systems mounted in it are not entered.
    """
    descriptor = _open(str(path), folder=None)
    try:
        levels = [_sweep(descriptor, name="")]
        device = levels[0].identity[0]
        while levels:
            if levels[-1].folders:
                descriptor = _go_down(descriptor, levels, device=device)
            else:
                done = levels.pop()
                if levels:
                    descriptor = _go_up(descriptor, levels[-1])
                    with contextlib.suppress(OSError):
                        os.rmdir(done.name, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    path.rmdir()


def _sweep(descriptor: int, *, name: str) -> _Level:
    """Remove all files of an open folder, and note its folders."""
    status = os.fstat(descriptor)
    if status.st_mode & _OWNER_ALL != _OWNER_ALL:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, _OWNER_ALL)
    folders = []
    with os.scandir(descriptor) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=descriptor)
    return _Level((status.st_dev, status.st_ino), name, folders)


def _go_down(descriptor: int, levels: list[_Level], *, device: int) -> int:
    """Into the next folder; stays where it is if that one cannot or must not be entered."""
    name = levels[-1].folders.pop()
    try:
        below = _open(name, folder=descriptor)
    except OSError:
        return descriptor
    if os.fstat(below).st_dev != device:
        os.close(below)
        return descriptor
    os.close(descriptor)
    levels.append(_sweep(below, name=name))
    return below


def _go_up(descriptor: int, level: _Level) -> int:
    """Back to the folder we came from; OSError if somebody moved us meanwhile."""
    above = os.open("..", _FLAGS, dir_fd=descriptor)
    status = os.fstat(above)
    if (status.st_dev, status.st_ino) != level.identity:
        os.close(above)
        raise OSError("a folder was moved while it was being removed")
    os.close(descriptor)
    return above


def _open(name: str, *, folder: int | None) -> int:
    try:
        return os.open(name, _FLAGS, dir_fd=folder)
    except PermissionError:
        os.chmod(name, _OWNER_ALL, dir_fd=folder)
        return os.open(name, _FLAGS, dir_fd=folder)
