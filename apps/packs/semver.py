"""Semantic versions (semver.org 2.0.0): which is lower, and which lie in a range. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import total_ordering
from operator import eq, ge, gt, le, lt, ne
from typing import Any

#: Also of `pack.yaml`.
PATTERN = (
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$"
)
_VERSION = re.compile(r"(?P<numbers>\d+(?:\.\d+){0,2})(?:-(?P<before>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z")
_CLAUSE = re.compile(r"(?P<operator>>=|<=|==|!=|=|>|<)\s*(?P<version>\S+)\Z")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": ge, "<=": le, ">": gt, "<": lt, "==": eq, "=": eq, "!=": ne,
}  # fmt: skip


class NoVersion(ValueError):
    """The text is no version, or no range of versions."""


@total_ordering
@dataclass(frozen=True)
class SemanticVersion:
    """Ordered by precedence; what stands after `+` has none. `before` holds the parts of a pre-release."""

    numbers: tuple[int, int, int]
    before: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SemanticVersion":
        """`1.2` is 1.2.0. Raises `NoVersion`."""
        match = _VERSION.match(text)
        if match is None or len(text) > 100:
            raise NoVersion(f"{text!r} is no semantic version")
        first, second, third = [*map(int, match["numbers"].split(".")), 0, 0][:3]
        return cls((first, second, third), tuple((match["before"] or "").split(".")) if match["before"] else ())

    def __lt__(self, other: "SemanticVersion") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[int, int, str], ...]]:
        """A pre-release comes before its release; numbers before words."""
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.before)
        return self.numbers, not self.before, parts


def is_lower(version: str, than: str) -> bool:
    """Raises `NoVersion`."""
    return SemanticVersion.parse(version) < SemanticVersion.parse(than)


@dataclass(frozen=True)
class VersionRange:
    """What all clauses of a text like `>=1.2,<2` hold for; without any, every version."""

    clauses: tuple[tuple[str, SemanticVersion], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "VersionRange":
        """Raises `NoVersion`."""
        return cls(tuple(_clause(part.strip()) for part in text.split(","))) if text.strip() else cls()

    def __contains__(self, version: str) -> bool:
        found = SemanticVersion.parse(version)
        return all(_OPERATORS[operator](found, wanted) for operator, wanted in self.clauses)


def _clause(text: str) -> tuple[str, SemanticVersion]:
    match = _CLAUSE.match(text)
    if match is None:
        raise NoVersion(f"{text!r} is no part of a range like >=1.2,<2")
    return match["operator"], SemanticVersion.parse(match["version"])
