"""Ad-hoc packs: made and changed through the API, and kept as files like every other pack. Each change is a version of
its own, named by its digest."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.permissions import Verb, require
from apps.core.errors import AttuneError, Conflict, FieldError, FileError, Invalid
from apps.core.types import JsonObject
from apps.packs.loader import PackInvalid, RefTaken
from apps.packs.locking import lock_pack
from apps.packs.models import Pack, PackVersion
from apps.packs.origin import API, Origin
from apps.packs.services.install import install_pack, manifest_in
from apps.packs.services.manage import get_pack
from apps.packs.services.needed import refuse_breaking
from apps.packs.staging import private_folder
from apps.packs.versions import ensure_unpacked, make_writable
from apps.packs.writing import write_yaml

if TYPE_CHECKING:
    from apps.accounts.models import Identity

MANIFEST = "pack.yaml"
_ORIGIN = Origin(kind=API, text=API)


class NotAdHoc(Conflict):
    """The pack was installed, so it is changed where it came from."""

    code = "pack_not_ad_hoc"


@transaction.atomic
def make_pack(identity: "Identity", body: JsonObject) -> Pack:
    """An ad-hoc pack without anything in it yet; `body` is what its pack.yaml says.

    Raises `Forbidden`, `Invalid` with a pointer for each mistake, `RefTaken`.
    """
    require(identity, Verb.PACK_INSTALL)
    ref = str(body.get("ref", ""))
    lock_pack(ref)
    if Pack.objects.installed().filter(ref=ref).exists():
        raise RefTaken(f"There is a pack {ref} already.", errors=[FieldError("/ref", "ref_taken", "taken")])
    with private_folder() as room, mistakes_by_field(MANIFEST):
        folder = room / "pack"
        folder.mkdir()
        write_yaml(folder / MANIFEST, body)
        install_pack(folder, identity=identity, origin=_ORIGIN)
    return get_pack(identity, ref)


def change_pack(
    identity: "Identity", *, ref: str, change: Callable[[JsonObject], JsonObject], force: bool = False
) -> Pack:
    """`change` gets what pack.yaml says, and gives what it is to say. Raises what `edit_pack` does, and `InUse` with
    the packs that need another version of it unless `force` is set."""

    def edit(folder: Path, version: PackVersion) -> None:
        body = change(dict(version.manifest))
        if body.get("ref") != ref:
            raise Invalid(errors=[FieldError("/ref", "immutable", "the ref of a pack cannot be changed")])
        write_yaml(folder / MANIFEST, body)
        if not force and (manifest := manifest_in(folder)):
            refuse_breaking(ref, version=manifest.version)

    edit_pack(identity, ref=ref, edit=edit, file=MANIFEST)
    return get_pack(identity, ref)


@transaction.atomic
def edit_pack(identity: "Identity", *, ref: str, edit: Callable[[Path, PackVersion], None], file: str) -> None:
    """Makes current what `edit` makes of a copy of the pack's files. One at a time; nobody's change is lost.

    Mistakes in `file`, the one that is edited, are told by field. Raises `UnknownPack`, `Forbidden`, `NotAdHoc`,
    `Invalid`, and what `install_pack` raises.
    """
    get_pack(identity, ref)
    require(identity, Verb.PACK_INSTALL)
    lock_pack(ref)
    version = ad_hoc_version(get_pack(identity, ref))
    with private_folder() as room, mistakes_by_field(file):
        folder = room / "pack"
        shutil.copytree(ensure_unpacked(ref, version.digest), folder)
        make_writable(folder)
        edit(folder, version)
        install_pack(folder, identity=identity, force=True, origin=_ORIGIN)


def ad_hoc_version(pack: Pack) -> PackVersion:
    """Its current version. Raises `NotAdHoc`."""
    version = pack.current
    if version is None or not version.origin.is_ad_hoc:
        where = f" ({version.source})" if version and version.source else ""
        raise NotAdHoc(f"The pack {pack.ref} was installed{where}: change it there, and install it again.")
    return version


@contextmanager
def mistakes_by_field(file: str) -> Iterator[None]:
    """Tells the mistakes of `file` by JSON pointers, since who sent its content never saw the file."""
    try:
        yield
    except AttuneError as error:
        told = [_by_field(item, file) for item in error.errors]
        if not told or told == list(error.errors):
            raise
        kind = Invalid if isinstance(error, PackInvalid) else type(error)
        detail = "It is not valid." if isinstance(error, PackInvalid) else error.detail
        raise kind(detail, errors=told, **error.facts) from error


def _by_field(item: FieldError | FileError, file: str) -> FieldError | FileError:
    if not isinstance(item, FileError) or item.file != file:
        return item
    detail = f"{item.detail} ({item.hint})" if item.hint else item.detail
    return FieldError(item.pointer, "invalid", detail)
