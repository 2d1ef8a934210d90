"""The file in which actions say when they begin and end: one line each, appended by one write."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Note:
    """`gone` is the watcher's: the process died without a word, no sooner than `at_us` (microseconds since 1970)."""

    execution: int
    attempt: int
    pid: int
    what: Literal["start", "end", "gone"]
    at_us: int


class BadNote(Exception):
    """A line that no action wrote: then nothing that follows from the file is worth anything."""


def read_notes(lines: Iterable[str]) -> list[Note]:
    return [_read(line) for line in lines]


def _read(line: str) -> Note:
    try:
        execution, attempt, pid, what, at_us = line.split()
        if what not in ("start", "end"):
            raise BadNote(repr(line))
        return Note(int(execution), int(attempt), int(pid), "start" if what == "start" else "end", int(at_us))
    except ValueError as error:
        raise BadNote(repr(line)) from error
