"""Whether this worker has room to work: looked at with each heartbeat's pace, on a thread of its own, since a file
system that does not answer must not silence the heartbeat.

A look writes, too: a quota or a disk that has become read-only shows as plenty of free space.
"""

import errno
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

#: Once below the floor, so much more than the floor must be free: work is not taken and refused by turns.
_ROOM_AGAIN = 1.25
#: Files and folders that can still be made, where the file system counts them.
_LEAST_INODES = 1000
#: A look that takes longer is a disk that does not answer.
_PATIENCE_S = 30.0
_PROBE_BYTES = 4096
_MIB = 1024 * 1024


class DiskWatch:
    """`folders`: what each is for → where it is. `look` by one thread, `complaint` by any."""

    def __init__(
        self, folders: Mapping[str, Path], *, floor_mib: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folders = folders
        self._floor_bytes = floor_mib * _MIB
        self._clock = clock
        self._complaint = ""
        self._begun_at: float | None = None

    def complaint(self) -> str:
        """Why this worker should take nothing new; empty while there is room."""
        begun_at = self._begun_at
        if begun_at is not None and self._clock() - begun_at > _PATIENCE_S:
            return _said("a disk does not answer")
        return self._complaint

    def look(self) -> None:
        """At all folders. Never fails; may take as long as their file systems do."""
        self._begun_at = self._clock()
        floor_bytes = self._floor_bytes * (_ROOM_AGAIN if self._complaint else 1)
        found = (_wrong_with(name, path, floor_bytes=floor_bytes) for name, path in self._folders.items())
        self._complaint = next((_said(wrong) for wrong in found if wrong), "")
        self._begun_at = None


def _said(wrong: str) -> str:
    return f"unhealthy: disk: {wrong}"


def _wrong_with(name: str, folder: Path, *, floor_bytes: float) -> str:
    try:
        _write_below(folder)
        facts = os.statvfs(folder)
    except OSError as error:
        return f"nothing can be written to the {name} folder {folder}: {error.strerror}"
    free_bytes = facts.f_bavail * facts.f_frsize
    if free_bytes < floor_bytes:
        free, needed = free_bytes // _MIB, -(-int(floor_bytes) // _MIB)
        return f"{free} MiB are free in the {name} folder {folder}, {needed} are needed"
    if floor_bytes and facts.f_files and facts.f_favail < _LEAST_INODES:
        return f"{facts.f_favail} more files fit into the {name} folder {folder}, {_LEAST_INODES} are needed"
    return ""


def _write_below(folder: Path) -> None:
    """A file that has no name any more when it is written, so that nothing is left whoever is killed meanwhile."""
    path = folder / f".probe-{secrets.token_hex(8)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        path.unlink()
        if os.write(descriptor, bytes(_PROBE_BYTES)) < _PROBE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)
