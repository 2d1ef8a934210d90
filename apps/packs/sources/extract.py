"""Unpacks archives of strangers: regular files and folders only, within limits counted while writing, whole or not at
all. (`packs.archive` is for what Attune has packed itself.)"""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

from apps.core.errors import NO_ROOM, DiskFull, Unavailable
from apps.packs.sources.entries import Entry, EntryRules, Kind
from apps.packs.sources.errors import ArchiveTooLarge, ArchiveUnreadable
from apps.packs.sources.tar import TarReader
from apps.packs.sources.zip import ZipReader
from apps.packs.staging import discard

#: Bytes of all files of a pack.
MAX_BYTES = 100 * 1024 * 1024
#: Of what is written to what was packed; text and code stay below 20.
MAX_RATIO = 100
#: A small archive may be packed better than that: so much is always written.
_RATIO_FROM_BYTES = 1024 * 1024
#: Headers and padding of tar beside the content: 5,000 files and folders with long names.
_TAR_OVERHEAD_BYTES = 32 * 1024 * 1024
_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class Reader(Protocol):
    """Entries in order, each followed by its content."""

    def __iter__(self) -> Iterator[Entry]: ...

    def read(self, size: int) -> bytes: ...


def looks_like_archive(head: bytes) -> bool:
    """Whether a file that begins with these four bytes may be a tar.gz or zip archive."""
    return head.startswith((_GZIP, *_ZIP))


def extract(archive: IO[bytes], target: Path) -> None:
    """Unpacks the tar.gz or zip file into `target`, which must not be there yet.

    Raises `EntryRefused`, `ArchiveTooLarge`, `ArchiveUnreadable` and `DiskFull`; then nothing is left.
    """
    size = archive.seek(0, os.SEEK_END)
    archive.seek(0)
    head = archive.read(4)
    archive.seek(0)
    most = min(MAX_BYTES, max(_RATIO_FROM_BYTES, MAX_RATIO * size))
    if head.startswith(_GZIP):
        with gzip.GzipFile(fileobj=archive) as unpacked:
            _write_all(TarReader(_Bounded(unpacked.read, most + _TAR_OVERHEAD_BYTES)), target, max_bytes=most)
    elif head in _ZIP:
        _write_all(ZipReader(archive), target, max_bytes=most)
    else:
        raise ArchiveUnreadable("It is neither a tar.gz nor a zip archive.")


def extract_tar(stream: IO[bytes], target: Path) -> None:
    """The same for a tar stream that is not compressed."""
    _write_all(TarReader(_Bounded(stream.read, MAX_BYTES + _TAR_OVERHEAD_BYTES)), target, max_bytes=MAX_BYTES)


class _Bounded:
    """A stream that ends with an error after so many bytes: also what is skipped costs time."""

    def __init__(self, read: Callable[[int], bytes], most: int) -> None:
        self._read = read
        self._left = most

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._read(min(size, _CHUNK) if size >= 0 else _CHUNK)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ArchiveUnreadable("The archive is damaged, or it was cut off.") from error
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveTooLarge(_TOO_LARGE)
        return data


_TOO_LARGE = f"The archive unpacks to more than {MAX_BYTES // 1024**2} MiB, or to {MAX_RATIO} times its own size."


def _write_all(reader: Reader, target: Path, *, max_bytes: int) -> None:
    """Into a folder beside `target`, which gets its name when all is there."""
    part = target.with_name(f"{target.name}.part")
    part.mkdir(mode=0o700)
    try:
        _Writer(part, max_bytes).write(reader)
        part.rename(target)
    except OSError as error:
        kind = DiskFull if error.errno in NO_ROOM else Unavailable
        raise kind(f"The archive cannot be unpacked on this server: {error.strerror}.") from error
    finally:
        discard(part)


class _Writer:
    """Only ever makes new files and folders below `folder`, and no links: so no step of a path can lead outside."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._left = max_bytes
        self._rules = EntryRules()

    def write(self, reader: Reader) -> None:
        for entry in reader:
            path = self._folder.joinpath(*self._rules.accept(entry))
            if entry.kind is Kind.FOLDER:
                path.mkdir(mode=0o755, parents=True, exist_ok=True)
                continue
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._write_file(path, reader, mode=0o755 if entry.is_executable else 0o644)

    def _write_file(self, path: Path, reader: Reader, *, mode: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is a descriptor
            while chunk := reader.read(_CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise ArchiveTooLarge(_TOO_LARGE)
                file.write(chunk)
