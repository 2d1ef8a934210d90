"""From any source to a folder with the pack's files, private and gone afterwards."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from apps.core.errors import Invalid
from apps.core.fetch import FetchPolicy, fetch
from apps.packs.sources.address import Kind, Source
from apps.packs.sources.errors import DigestMismatch
from apps.packs.sources.extract import extract
from apps.packs.sources.git import GitSettings, fetch_git
from apps.packs.sources.index import IndexedPack, find_in_index, read_index
from apps.packs.sources.uploads import taken_upload
from apps.packs.staging import private_folder

Tell = Callable[[str, int], None]


@dataclass(frozen=True)
class Provided:
    """`origin` says where it came from, for people; `commit` is git's, or empty."""

    folder: Path
    origin: str
    commit: str = ""


#: What the archivers of macOS lay beside a folder.
_OF_MACOS = ("__MACOSX", ".DS_Store", "._")


@contextmanager
def provided(source: Source, *, tell: Tell) -> Iterator[Provided]:
    """The pack's folder, as long as the block runs. `tell` hears of each step and how far it is, in per cent."""
    with private_folder() as room:
        yield _PROVIDERS[source.kind](source, room, tell)


def _of_upload(source: Source, room: Path, tell: Tell) -> Provided:
    tell("unpack", 2)
    with taken_upload(source.address.removeprefix("upload:")) as archive:
        return Provided(_unpacked(archive, room), "upload")


def _of_archive(source: Source, room: Path, tell: Tell, *, sha256: str = "") -> Provided:
    tell("fetch", 1)
    with tempfile.TemporaryFile(dir=room) as archive:
        fetch(source.address, archive, max_bytes=settings.ATTUNE_MAX_UPLOAD_BYTES, policy=fetch_policy())
        if sha256 and sha256 != _sha256(archive):
            raise DigestMismatch(f"{source.address} is not the archive that the index names: its SHA-256 is another.")
        tell("unpack", 3)
        return Provided(_unpacked(archive, room), source.address)


def _of_git(source: Source, room: Path, tell: Tell) -> Provided:
    tell("fetch", 1)
    folder = room / "source"
    rules = GitSettings(frozenset(settings.ATTUNE_GIT_PROTOCOLS), fetch_policy())
    commit = fetch_git(source, folder, room=room, settings=rules)
    return Provided(pack_folder(folder), str(source), commit)


def _of_index(source: Source, room: Path, tell: Tell) -> Provided:
    tell("look up", 1)
    pack = find_in_index(current_index(), source.address, source.ref)
    if pack.source.kind is Kind.GIT:
        return _of_git(pack.source, room, tell)
    return _of_archive(pack.source, room, tell, sha256=pack.sha256)


def current_index() -> list[IndexedPack]:
    """What the operator's index holds. Raises `NoPackIndex` where none is set up."""
    return read_index(settings.ATTUNE_PACK_INDEX_URL, policy=fetch_policy())


def fetch_policy() -> FetchPolicy:
    """What the operator allows this server to fetch."""
    return FetchPolicy.parse(settings.ATTUNE_FETCH_ALLOW)


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file does


def _of_path(source: Source, room: Path, tell: Tell) -> Provided:
    path = Path(source.address)
    try:
        if path.is_dir():
            return Provided(path, str(path))
        if path.is_file():
            tell("unpack", 2)
            with path.open("rb") as archive:
                return Provided(_unpacked(archive, room), str(path))
    except OSError as error:
        raise Invalid(f"{path} cannot be read on this server: {error.strerror}.") from error
    raise Invalid(f"{path} is not a folder or archive on this server.")


def _unpacked(archive: IO[bytes], room: Path) -> Path:
    folder = room / "source"
    extract(archive, folder)
    return pack_folder(folder)


def pack_folder(folder: Path) -> Path:
    """Where pack.yaml is: many archives hold one folder with everything in it."""
    if (folder / "pack.yaml").is_file():
        return folder
    inner = [path for path in folder.iterdir() if not path.name.startswith(_OF_MACOS)]
    return inner[0] if len(inner) == 1 and (inner[0] / "pack.yaml").is_file() else folder


_PROVIDERS: Mapping[Kind, Callable[[Source, Path, Tell], Provided]] = {
    Kind.PATH: _of_path,
    Kind.UPLOAD: _of_upload,
    Kind.ARCHIVE: _of_archive,
    Kind.GIT: _of_git,
    Kind.INDEX: _of_index,
}
