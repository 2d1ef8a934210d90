"""A pack's folder as it would be installed: a copy of its files, read and checked as a whole."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.core.errors import Conflict, FieldError, FileError, Invalid
from apps.local.neighbours import neighbours_of, own_packs
from apps.packs import versions
from apps.packs.loader import LoadedPack, PackInvalid, load_pack
from apps.packs.reserved import RESERVED


@dataclass(frozen=True)
class OpenPack:
    """`folder` is a read-only copy without what is never part of a pack; `remarks` are for people."""

    folder: Path
    digest: str
    loaded: LoadedPack
    remarks: tuple[str, ...]


class NoPlace(Conflict):
    """The folder for copies and environments cannot be used."""

    code = "no_local_folder"


@contextmanager
def opened(source: Path) -> Iterator[OpenPack]:
    """The pack in `source`; the copy is gone afterwards. Raises `Invalid`, `NoPlace`, and `PackInvalid` with every
    error."""
    if not source.is_dir():
        raise Invalid(f"{source} is not a folder.")
    if not (source / "pack.yaml").is_file():  # and may be anything, also somebody's whole home
        raise PackInvalid(errors=_errors_in(source))
    _make_place()
    with ExitStack() as held, versions.telling_no_room():
        try:
            staged = held.enter_context(versions.stage(source))
        except PackInvalid as error:
            raise PackInvalid(error.detail, errors=[*error.errors, *_errors_in(source)]) from error
        neighbours = neighbours_of(staged.folder)
        loaded = load_pack(staged.folder, known=neighbours.as_known())
        if loaded.manifest.ref in RESERVED and not source.is_relative_to(own_packs()):
            line = loaded.manifest.lines.get("ref", 0)
            raise PackInvalid(errors=[FileError("pack.yaml", line, "the ref is reserved", "choose another")])
        versions.make_read_only(staged.folder)
        yield OpenPack(staged.folder, staged.digest, loaded, tuple(dict.fromkeys(neighbours.trusted)))


def _make_place() -> None:
    for name in ("ATTUNE_PACKS_DIR", "ATTUNE_RUNTIME_ENVS_DIR", "ATTUNE_ARTIFACTS_DIR", "ATTUNE_WORK_DIR"):
        folder = Path(getattr(settings, name))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"{folder} cannot be made: {error.strerror}; another folder: ATTUNE_LOCAL_DIR."
            raise NoPlace(text) from error


def _errors_in(folder: Path) -> list[FieldError | FileError]:
    try:
        load_pack(folder, known=neighbours_of(folder).as_known())
    except PackInvalid as error:
        return list(error.errors)
    return []
