"""Packs that a pack needs: `dependencies` of pack.yaml, as values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from apps.core import refs
from apps.packs.semver import NoVersion, VersionRange

_FORM = re.compile(r"(?P<ref>[a-z0-9_.]+)\s*(?P<range>(?:[<>=!].*)?)\Z")
#: What to write instead.
HINT = "the ref of a pack, and perhaps a range: `acme.lib`, `acme.lib>=1.2,<2`"


@dataclass(frozen=True)
class PackDependency:
    """`text` is how it was written."""

    ref: str
    versions: VersionRange
    text: str

    @classmethod
    def parse(cls, text: str) -> "PackDependency":
        """Raises `NoVersion`."""
        match = _FORM.match(text.strip())
        if match is None or not refs.is_pack_ref(match["ref"]):
            raise NoVersion(f"{text!r} names no pack")
        return cls(match["ref"], VersionRange.parse(match["range"]), text.strip())


def parse_all(texts: Iterable[str]) -> tuple[PackDependency, ...]:
    """Of a manifest that has been checked."""
    return tuple(PackDependency.parse(text) for text in texts)


def known_of(texts: Iterable[str]) -> Iterator[PackDependency]:
    """Of a pack that was installed when any text was taken: those that name a pack."""
    for text in texts:
        with suppress(NoVersion):
            yield PackDependency.parse(text)


def way_back(ref: str, *, needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The way on which `ref` comes to need itself, beginning and ending with it; empty where there is none.

    `needs`: of each pack the refs it needs.
    """
    ways, seen = [[ref]], set()
    while ways:
        way = ways.pop()
        for needed in needs.get(way[-1], ()):
            if needed == ref:
                return [*way, ref]
            if needed not in seen:
                seen.add(needed)
                ways.append([*way, needed])
    return []
