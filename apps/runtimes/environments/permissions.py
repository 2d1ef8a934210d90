"""Makes a finished generation readable for everybody: actions may run as another user."""

import os
import stat
from pathlib import Path


def open_to_all(folder: Path) -> int:
    """The bytes the folder takes on disk. Adds what the builder's umask may have taken away, and takes back
    what an installer allowed everybody (uv's lock file can be written by all)."""
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
    if stat.S_ISLNK(status.st_mode):
        return
    mode = stat.S_IMODE(status.st_mode)
    wanted = (mode | (0o555 if mode & stat.S_IXUSR else 0o444)) & ~0o022
    if wanted != mode:
        os.chmod(path, wanted)  # noqa: PTH101 - as above
