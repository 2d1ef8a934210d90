"""What a check found: how bad it is, what it is, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """From good to bad."""

    OK = "ok"
    #: could not be looked at, and it is said why
    SKIPPED = "skipped"
    #: works, and somebody should look at it
    WARNING = "warning"
    #: something cannot work
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """`text` is one sentence, `details` what it is about, one a line; `todo` is what to do."""

    level: Level
    text: str
    details: Sequence[str] = ()
    todo: Sequence[str] = ()


def ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def skipped(text: str) -> Finding:
    return Finding(Level.SKIPPED, text)


def warning(text: str, *todo: str, details: Sequence[str] = ()) -> Finding:
    return Finding(Level.WARNING, text, details, todo)


def problem(text: str, *todo: str, details: Sequence[str] = ()) -> Finding:
    return Finding(Level.PROBLEM, text, details, todo)
