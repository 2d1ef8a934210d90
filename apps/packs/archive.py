"""The archive of one version: its files in order, and nothing of who packed them or when.

Written by Attune and read back on other hosts; whatever else is found in one is refused, since it was not written here.
"""

import gzip
import os
import shutil
import stat
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO


class BadArchive(ValueError):
    """An archive that Attune has not written like this."""


def write_archive(folder: Path, files: Sequence[Path], target: IO[bytes]) -> None:
    """Packs `files` of `folder`; the same files give the same bytes."""
    with (
        gzip.GzipFile(fileobj=target, mode="wb", mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in files:
            with path.open("rb") as file:
                known = os.fstat(file.fileno())
                info = tarfile.TarInfo(path.relative_to(folder).as_posix())
                info.size, info.mode = known.st_size, stat.S_IMODE(known.st_mode)
                tar.addfile(info, file)


def unpack_archive(archive: IO[bytes], target: Path) -> None:
    """Unpacks into `target`, which is made. Raises `BadArchive` for anything but regular files below it.

    (The standard library's own filter came with Python 3.11.4.)
    """
    target.mkdir()
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if not member.isreg() or path.is_absolute() or ".." in path.parts:
                raise BadArchive(f"{member.name!r} has no place in the archive of a pack")
            source, copy = tar.extractfile(member), target / path
            assert source is not None, "a regular file has content"
            copy.parent.mkdir(parents=True, exist_ok=True)
            with source, copy.open("xb") as file:
                shutil.copyfileobj(source, file)
            copy.chmod(0o755 if member.mode & 0o100 else 0o644)
