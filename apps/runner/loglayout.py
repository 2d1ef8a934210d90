"""Where the log of one attempt lies: names of files, for the writer and the reader.

| file | what it holds |
|---|---|
| stdout.log | the head: the first bytes of the stream, from offset 0 |
| stdout.00000000000002097152.log | a part of the tail, named by the offset of its first byte |
| stdout.00000000000002097152.log.gz | the same, complete and compressed |
| index | times, see `logindex` |
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

INDEX = "index"
#: on anything that is not complete yet and must not be read
UNFINISHED = ".tmp"

_PART = re.compile(r"(?P<stream>stdout|stderr)(\.(?P<start>[0-9]{20}))?\.log(?P<gz>\.gz)?")


class Stream(StrEnum):
    """The two streams of a process."""

    STDOUT = "stdout"
    STDERR = "stderr"


class LogFile(NamedTuple):
    """One file of a stream."""

    stream: Stream
    start: int
    is_compressed: bool


def head_path(folder: Path, stream: Stream) -> Path:
    """The file of the first bytes."""
    return folder / f"{stream}.log"


def part_path(folder: Path, stream: Stream, *, start: int, is_compressed: bool = False) -> Path:
    """The file of a part of the tail."""
    return folder / f"{stream}.{start:020d}.log{'.gz' if is_compressed else ''}"


def parse_name(name: str) -> LogFile | None:
    """What a file of the folder is; None if it is no output."""
    match = _PART.fullmatch(name)
    if match is None:
        return None
    return LogFile(Stream(match["stream"]), int(match["start"] or 0), bool(match["gz"]))
