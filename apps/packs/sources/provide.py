"""From any source to a folder with the pack's files, private and gone afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from apps.core.errors import Invalid
from apps.packs.sources.address import Kind, Source
from apps.packs.sources.extract import extract
from apps.packs.sources.uploads import taken_upload
from apps.packs.staging import private_folder

Tell = Callable[[str, int], None]


@dataclass(frozen=True)
class Provided:
    """`origin` says where it came from, for people; `commit` is git's, or empty."""

    folder: Path
    origin: str
    commit: str = ""


@contextmanager
def provided(source: Source, *, tell: Tell) -> Iterator[Provided]:
    """The pack's folder, as long as the block runs. `tell` hears of each step and how far it is, in per cent."""
    with private_folder() as room:
        match source.kind:
            case Kind.PATH:
                yield _of_path(Path(source.address), room, tell)
            case Kind.UPLOAD:
                tell("unpack", 2)
                with taken_upload(source.address.removeprefix("upload:")) as archive:
                    folder = _unpacked(archive, room)
                yield Provided(folder, "upload")
            case _:
                raise AssertionError(source.kind)


def _of_path(path: Path, room: Path, tell: Tell) -> Provided:
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
    inner = list(folder.iterdir())
    return inner[0] if len(inner) == 1 and (inner[0] / "pack.yaml").is_file() else folder
