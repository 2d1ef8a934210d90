"""Whose a generation is: its builder's while it is built, then the worker's and readable for everybody, since actions
may run as another user."""

import os
import stat
from pathlib import Path

from apps.runner.spec import RunAs


def give_to(folder: Path, owner: RunAs | None) -> None:
    """The folder itself, to the user builds run as; None: it stays the worker's."""
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)


def open_to_all(folder: Path) -> int:
    """The bytes the folder takes on disk. Adds what the builder's umask may have taken away, and takes back
    what an installer allowed everybody (uv's lock file can be written by all). All becomes the worker's own: an action
    of the user who built it must not change it. Nothing of the build may still run."""
    size_bytes = 0
    for parent, _, files in os.walk(folder):
        _allow(parent, os.lstat(parent))
        for name in files:
            path = f"{parent}/{name}"  # a big environment has 50,000 files: no Path objects here
            status = os.lstat(path)
            size_bytes += status.st_blocks * 512
            _allow(path, status)
    return size_bytes


def _allow(path: str, status: os.stat_result) -> None:
    if not stat.S_ISLNK(status.st_mode):
        mode = stat.S_IMODE(status.st_mode)
        # First of all without set-user-ID: in the next moment it may belong to root.
        wanted = (mode | (0o555 if mode & stat.S_IXUSR else 0o444)) & 0o755
        if wanted != mode:
            os.chmod(path, wanted)  # noqa: PTH101 - as above
    if status.st_uid != os.geteuid():
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
