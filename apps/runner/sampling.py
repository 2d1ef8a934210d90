"""Tells fast which of many forms of secrets may stand in a chunk of output, so that masking keeps up with the output.

Looking for each form of each secret costs one pass over the data a form. From a dozen passes on it is cheaper to look
at the data once: cut into aligned pieces of 8 (or 4) bytes, a form that is at least 15 (or 7) bytes long contains one
such piece whole, whatever its place. No piece of the data among those of the forms: the forms are not there.
"""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterator

#: Up to so many forms are cheaper to look for one by one: each by `bytes.find`.
_FEW = 12
#: Size of a piece in bytes, and its code for `struct`; the larger the fewer pieces, and the fewer false alarms.
_CODES = {8: "Q", 4: "I"}


class Samples:
    """The forms that have to be looked for. Immutable."""

    def __init__(self, forms: Collection[bytes]) -> None:
        self._always = [form for form in forms if _size_for(form) is None]
        self._sieves: list[_Sieve] = []
        for size in _CODES:
            fitting = [form for form in forms if _size_for(form) == size]
            if len(fitting) <= _FEW:
                self._always += fitting
            else:
                self._sieves.append(_Sieve(size, fitting))

    def suspects(self, data: bytes) -> Iterator[bytes]:
        """The forms that may stand in `data`; the others do not."""
        yield from self._always
        for sieve in self._sieves:
            yield from sieve.suspects(data)


class _Sieve:
    """The pieces of one size that tell of some forms."""

    def __init__(self, size: int, forms: Collection[bytes]) -> None:
        self._size = size
        self._owners: dict[int, set[bytes]] = defaultdict(set)
        for form in forms:
            # Of a longer form its first bytes do: whatever its place, one of these pieces is aligned.
            for start in range(size):
                piece: int = struct.unpack_from(f"={_CODES[size]}", form, start)[0]
                self._owners[piece].add(form)
        self._pieces = frozenset(self._owners)

    def suspects(self, data: bytes) -> set[bytes]:
        pieces = struct.unpack_from(f"={len(data) // self._size}{_CODES[self._size]}", data)
        if self._pieces.isdisjoint(pieces):
            return set()
        return set().union(*(self._owners[piece] for piece in self._pieces.intersection(pieces)))


def _size_for(form: bytes) -> int | None:
    return next((size for size in _CODES if len(form) >= 2 * size - 1), None)
