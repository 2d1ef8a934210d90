"""Reads tar archives of strangers: ustar, GNU's long names and pax, headers bounded, and nothing else of the format.

The standard library's reader trusts headers too much for this: it reads a header of any size into memory, calls itself
for each of a chain of headers, and knows links, devices and sparse files that packs never hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from apps.packs.sources.entries import Entry, Kind
from apps.packs.sources.errors import ArchiveUnreadable, EntryRefused

_BLOCK = 512
#: Largest extended header (a long name, pax records).
_MAX_HEADER_BYTES = 64 * 1024
#: Extended headers in front of one entry. tar writes at most three.
_MAX_HEADERS = 8
_KINDS = {
    b"0": Kind.FILE, b"\0": Kind.FILE, b"7": Kind.FILE, b"5": Kind.FOLDER, b"1": Kind.LINK, b"2": Kind.LINK,
    b"3": Kind.DEVICE, b"4": Kind.DEVICE, b"6": Kind.DEVICE,
}  # fmt: skip


@dataclass(frozen=True)
class TarEntry(Entry):
    """`size` bytes of content follow in the stream; the caller reads them, or leaves them."""

    size: int = 0


class Stream(Protocol):
    """All that is asked of a stream."""

    def read(self, size: int, /) -> bytes: ...


class TarReader:
    """The entries of a tar stream, in order; `read` gives the content of the one told last."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        """Raises `ArchiveUnreadable`, and `EntryRefused` for a name that is none."""
        while (entry := self._next()) is not None:
            self._left, self._padding = entry.size, -entry.size % _BLOCK
            yield entry
            while self.read(_MAX_HEADER_BYTES):
                pass
            self._exactly(self._padding)
        while self._stream.read(_MAX_HEADER_BYTES):  # to the end: there a packed stream tells whether it is whole
            pass

    def read(self, size: int) -> bytes:
        """At most `size` bytes of the current entry; empty at its end."""
        chunk = self._exactly(min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def _next(self) -> TarEntry | None:
        name: bytes | None = None
        pax: dict[bytes, bytes] = {}
        for _ in range(_MAX_HEADERS):
            header = self._exactly(_BLOCK)
            if header == bytes(_BLOCK):
                return None
            _check_sum(header)
            kind, size = header[156:157], _number(header[124:136])
            if kind == b"L":
                name = self._content(size).rstrip(b"\0")
            elif kind == b"x":
                pax = _pax(self._content(size))
            elif kind in (b"g", b"K"):  # of all entries; the target of a link: of no meaning here
                self._content(size)
            else:
                return _entry(header, kind, size, long_name=name, pax=pax)
        raise ArchiveUnreadable("The tar archive has too many headers in a row.")

    def _content(self, size: int) -> bytes:
        if size > _MAX_HEADER_BYTES:
            raise ArchiveUnreadable(f"The tar archive has a header of {size} bytes.")
        return self._exactly(size + -size % _BLOCK)[:size]

    def _exactly(self, size: int) -> bytes:
        """`size` bytes, in memory only as far as they are small: callers ask for at most a header or a chunk."""
        parts = []
        while size > 0:
            part = self._stream.read(size)
            if not part:
                raise ArchiveUnreadable("The archive ends in the middle.")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _entry(header: bytes, kind: bytes, size: int, *, long_name: bytes | None, pax: dict[bytes, bytes]) -> TarEntry:
    raw = pax.get(b"path", long_name)
    if raw is None:
        raw = _text(header[0:100])
        if header[257:263] == b"ustar\0" and (prefix := _text(header[345:500])):
            raw = prefix + b"/" + raw
    name = _decoded(raw)
    if any(key.startswith(b"GNU.sparse.") for key in pax):
        raise EntryRefused(name, Kind.OTHER.value, "a sparse file")
    if b"size" in pax:
        size = _decimal(pax[b"size"])
    what = _KINDS.get(kind, Kind.OTHER)
    if what is Kind.FILE and raw.endswith(b"/"):
        what = Kind.FOLDER  # as the oldest tars say it
    if what is not Kind.FILE and size and what is not Kind.OTHER:
        size = 0  # links and folders have no content, whatever they say
    return TarEntry(name, what, bool(_number(header[100:108]) & 0o100), size)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise EntryRefused(raw.decode("latin-1"), "not_utf8", "its name is not UTF-8") from error


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _check_sum(header: bytes) -> None:
    told = _number(header[148:156])
    if told != sum(header[:148]) + sum(header[156:]) + 8 * 32:
        raise ArchiveUnreadable("The tar archive is damaged: a header's sum is wrong.")


def _number(field: bytes) -> int:
    """Octal text, or GNU's binary for what is too large for it. Never negative."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.replace(b"\0", b" ").strip()
    if not all(digit in b"01234567" for digit in text):
        raise ArchiveUnreadable("The tar archive is damaged: a number in a header is none.")
    return int(text or b"0", 8)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise ArchiveUnreadable("The tar archive is damaged: a size in a pax header is none.")
    return int(text)


def _pax(content: bytes) -> dict[bytes, bytes]:
    """Records `LENGTH KEY=VALUE\\n`; the last of a key counts."""
    found: dict[bytes, bytes] = {}
    while content:
        digits, space, _ = content[:20].partition(b" ")
        length = _decimal(digits) if space else 0
        record, content = content[:length], content[length:]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if not equals or len(record) != length or not record.endswith(b"\n"):
            raise ArchiveUnreadable("The tar archive is damaged: a pax header cannot be read.")
        found[key] = value
    return found
