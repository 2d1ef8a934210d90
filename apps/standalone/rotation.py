"""Keeps the logs of roles from filling the disk."""

import shutil
from pathlib import Path

#: A log is moved aside when it is larger. Bytes; with the copies kept, 40 MB a role at most.
MAX_BYTES = 10 * 1024 * 1024

#: How many old copies stay: role.log.1 is the newest.
COPIES = 3


def rotate(log: Path, *, max_bytes: int = MAX_BYTES, copies: int = COPIES) -> None:
    """Move a log that has grown too large aside.

    It is copied and emptied, not renamed: the role writes to it directly and goes on doing so (with
    O_APPEND, at the new end). That way no process of ours stands between a role and its log, to block or
    lose it; the price is that lines written between the two steps, some microseconds, are lost.
    """
    try:
        if log.stat().st_size <= max_bytes:
            return
    except FileNotFoundError:
        return
    for number in range(copies - 1, 0, -1):
        older = _copy(log, number)
        if older.exists():
            older.replace(_copy(log, number + 1))
    shutil.copy(log, _copy(log, 1))
    with log.open("r+b") as stream:
        stream.truncate(0)


def _copy(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
