"""Reads zip archives of strangers: stored and deflated entries, a directory of bounded size, nothing encrypted."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from apps.packs.sources.entries import MAX_ENTRIES, Entry, Kind
from apps.packs.sources.errors import ArchiveTooLarge, ArchiveUnreadable, EntryRefused

_END = b"PK\x05\x06"
_END_BYTES = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_MAX_COMMENT_BYTES = 65_535
#: The directory is read into memory as a whole: so many bytes hold 10,000 entries with long names.
_MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_UNIX = 3


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Everything the standard library may say of a spoilt archive, as one error."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        struct.error,
        ValueError,
        OverflowError,
        NotImplementedError,
    ) as e:
        raise ArchiveUnreadable(f"The zip archive cannot be read: {what}.") from e


class ZipReader:
    """The entries of a zip file, in the order of its directory; `read` gives the content of the one told last."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises `ArchiveUnreadable` and `ArchiveTooLarge`."""
        _check_directory(file)
        with _told("its directory is damaged"):
            self._zip = zipfile.ZipFile(file)
        self._content: IO[bytes] | None = None

    def __iter__(self) -> Iterator[Entry]:
        if len(self._zip.infolist()) > 2 * MAX_ENTRIES:
            raise ArchiveTooLarge(f"The archive holds more than {2 * MAX_ENTRIES} entries.")
        for info in self._zip.infolist():
            entry = _entry(info)
            if entry.kind is not Kind.FILE:
                self._content = None
                yield entry
                continue
            with _told("an entry is damaged"):
                self._content = self._zip.open(info)
            with self._content:
                yield entry

    def read(self, size: int) -> bytes:
        """At most `size` bytes of the current entry; empty at its end."""
        if self._content is None:
            return b""
        with _told("the content of an entry is damaged"):
            return self._content.read(size)


def _entry(info: zipfile.ZipInfo) -> Entry:
    name = info.orig_filename  # `filename` ends at a NUL
    if not info.flag_bits & _UTF8_FLAG and not name.isascii():
        raise EntryRefused(name, "not_utf8", "its name is not UTF-8")
    if info.flag_bits & _ENCRYPTED_FLAGS:
        raise EntryRefused(name, "encrypted", "it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise EntryRefused(name, "compression", "it is compressed in a way that few programs read; use deflate")
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    return Entry(name, _kind(mode, name), bool(mode & stat.S_IXUSR))


def _kind(mode: int, name: str) -> Kind:
    format_of = stat.S_IFMT(mode)
    if format_of in (stat.S_IFREG, stat.S_IFDIR, 0):
        return Kind.FOLDER if name.endswith("/") or format_of == stat.S_IFDIR else Kind.FILE
    if format_of == stat.S_IFLNK:
        return Kind.LINK
    return Kind.DEVICE


def _check_directory(file: IO[bytes]) -> None:
    """Looks at the end record that the standard library will use, before it reads as much as that says."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _MAX_COMMENT_BYTES - _ZIP64_LOCATOR_BYTES))
    tail = file.read()
    file.seek(0)
    at = len(tail) - _END_BYTES
    if at < 0 or tail[at : at + 4] != _END or tail[-2:] != b"\0\0":
        at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise ArchiveUnreadable("The zip archive has no end; it may have been cut off.")
    if tail[max(0, at - _ZIP64_LOCATOR_BYTES) : at].startswith(_ZIP64_LOCATOR):
        raise ArchiveTooLarge("The zip archive is in the form for very large ones (zip64).")
    (directory_bytes,) = struct.unpack_from("<I", tail, at + 12)
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        raise ArchiveTooLarge(f"The directory of the zip archive takes {directory_bytes} bytes.")
