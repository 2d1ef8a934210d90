"""Which versions of an interpreter a pack asks for: `>=3.9,<3.12`. Pure.

No semantic versions: interpreters have `5.2.15` and `17.0.1.2`, and whoever writes `<=3.11` means 3.11.7 too. So a
version is compared as far as the range names it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

Numbers = tuple[int, ...]

_CLAUSE = re.compile(r"(?P<operator>>=|<=|==|!=|>|<|)\s*(?P<version>\d{1,9}(?:\.\d{1,9}){0,5})\Z")
_OPERATORS: Mapping[str, Callable[[Numbers, Numbers], bool]] = {
    ">=": ge, "<=": le, "==": eq, "!=": ne, ">": gt, "<": lt,
}  # fmt: skip
_MOST_CHARS = 100


class NoRange(ValueError):
    """The text is no range of versions."""


@dataclass(frozen=True)
class VersionRange:
    """All of `clauses` hold for a version in it; without any, every version is."""

    clauses: tuple[tuple[str, Numbers], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "VersionRange":
        """`3.11` alone is every 3.11. Raises `NoRange`."""
        if len(text) > _MOST_CHARS:
            raise NoRange(f"a range has at most {_MOST_CHARS} characters")
        return cls(tuple(_clause(part.strip()) for part in text.split(","))) if text.strip() else cls()

    def __str__(self) -> str:
        return ",".join(operator + ".".join(map(str, wanted)) for operator, wanted in self.clauses)

    @property
    def is_fine(self) -> bool:
        """Whether it tells apart what is one to `minor_of`."""
        return any(len(wanted) > 2 for _, wanted in self.clauses)

    def __contains__(self, version: str) -> bool:
        found = numbers_of(version)
        return all(_OPERATORS[operator](found[: len(wanted)], wanted) for operator, wanted in self.clauses)


@lru_cache(maxsize=1024)
def range_of(text: str) -> VersionRange:
    """Of a text that was looked at when its pack was loaded."""
    return VersionRange.parse(text)


def numbers_of(version: str) -> Numbers:
    return tuple(map(int, version.split(".")))


def minor_of(version: str) -> str:
    """`3.11` of `3.11.7`: what interpreters, and queues, are told apart by."""
    return ".".join(version.split(".")[:2])


def newest_first(versions: Iterable[str]) -> list[str]:
    """Each once."""
    return sorted(set(versions), key=numbers_of, reverse=True)


def _clause(text: str) -> tuple[str, Numbers]:
    match = _CLAUSE.match(text)
    if match is None:
        raise NoRange(f"{text!r} is no part of a range like >=3.9,<3.12")
    return match["operator"] or "==", numbers_of(match["version"])
