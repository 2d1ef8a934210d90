"""Installs a pack from a folder: staged, read, checked as a whole, then made current in one transaction."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from apps.core.errors import Conflict, FileError, Invalid
from apps.core.refs import safe_name
from apps.core.signals import happened
from apps.core.types import JsonObject
from apps.packs import content, versions
from apps.packs.loader import LoadedPack, RefTaken, load_pack
from apps.packs.locking import lock_pack
from apps.packs.manifest import HINTS, PackManifest
from apps.packs.models import SOURCE_CHARS, Pack, PackVersion
from apps.packs.role_files import require_roles_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

#: Attune's own packs, and words that stand for something else where a ref could stand; nobody may take these refs.
RESERVED = frozenset({"core", "examples", "examples_text", "install", "index", "upload"})


class VersionTaken(Conflict):
    """This version is installed with other content."""

    code = "version_taken"


@dataclass(frozen=True)
class Installed:
    """`change` is `installed`, `upgraded`, `replaced` or `unchanged`."""

    ref: str
    version: str
    digest: str
    change: str
    content: dict[str, int]
    origin: str = ""
    commit: str = ""

    def as_json(self) -> JsonObject:
        return {
            "ref": self.ref,
            "version": self.version,
            "digest": self.digest,
            "change": self.change,
            "content": self.content,
            "source": self.origin,
            "commit": self.commit,
        }


def install_pack(
    source: Path,
    *,
    identity: "Identity | None",
    force: bool = False,
    dry_run: bool = False,
    own: bool = False,
    origin: str = "",
    commit: str = "",
    tell: Callable[[str, int], None] = lambda step, percent: None,
) -> Installed:
    """Makes the pack in the folder `source` the current version of its ref.

    `own` is for Attune's own packs, whose refs are reserved. `dry_run` checks everything and changes nothing.
    `origin` and `commit` say where a new version came from; they are kept with it.
    Raises `Forbidden` (roles that are not for `identity` to give), `Invalid` (no such folder), `PackInvalid` (every
    error with its line), `RefTaken`, `VersionTaken`, `DiskFull`.
    """
    if not source.is_absolute() or not _is_folder(source):
        raise Invalid(f"{source} is not a folder on this server; give an absolute path.")
    tell("copy", 5)
    with versions.telling_no_room(), versions.stage(source) as staged:
        tell("check", 30)
        loaded = load_pack(staged.folder)
        _refuse_reserved(loaded, own=own)
        require_roles_of(identity, loaded)
        change = _change(loaded, staged.digest, force=force)
        if not dry_run and change != "unchanged":
            tell("keep", 50)
            versions.keep(staged, loaded.manifest.ref)
            tell("register", 70)
            _make_current(loaded, staged, identity, force=force, origin=origin, commit=commit)
    counts = {kind: len(items) for kind, items in loaded.content.items() if items}
    logger.info("pack %s %s: %s", loaded.manifest.ref, loaded.manifest.version, change)
    manifest = loaded.manifest
    return Installed(manifest.ref, manifest.version, staged.digest, change, counts, origin, commit)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name longer than file systems take
        return False


def _refuse_reserved(loaded: LoadedPack, *, own: bool) -> None:
    manifest = loaded.manifest
    if manifest.ref in RESERVED and not own:
        detail = f"The ref {manifest.ref!r} is reserved; choose another."
        raise RefTaken(detail, errors=[_at(manifest, "ref", "the ref is reserved")])


def _change(loaded: LoadedPack, digest: str, *, force: bool) -> str:
    """What installing would do. Raises when it may not be done."""
    manifest = loaded.manifest
    twin = Pack.objects.filter(safe_name=safe_name(manifest.ref)).exclude(ref=manifest.ref).first()
    if twin is not None:
        detail = f"{manifest.ref} has the same name on disk ({twin.safe_name}) as the installed pack {twin.ref}."
        raise RefTaken(detail, errors=[_at(manifest, "ref", f"the installed pack {twin.ref} has this name on disk")])
    pack = Pack.objects.select_related("current").filter(ref=manifest.ref).first()
    if pack is None or pack.current is None:
        return "installed"
    if pack.current.digest == digest:
        return "unchanged"
    same = pack.versions.filter(version=manifest.version).exclude(digest=digest).exists()
    if same and not force:
        raise VersionTaken(
            f"{manifest.ref} {manifest.version} is installed with other content; "
            "raise the version in pack.yaml, or install with force to replace it.",
            errors=[_at(manifest, "version", "this version is installed with other content")],
        )
    return "replaced" if same else "upgraded"


def _at(manifest: PackManifest, name: str, detail: str) -> FileError:
    return FileError("pack.yaml", manifest.lines.get(name, 0), detail, HINTS.get(name, ""))


@transaction.atomic(durable=True)
def _make_current(
    loaded: LoadedPack,
    staged: versions.StagedPack,
    identity: "Identity | None",
    *,
    force: bool,
    origin: str,
    commit: str,
) -> None:
    manifest = loaded.manifest
    lock_pack(manifest.ref)
    _change(loaded, staged.digest, force=force)  # looked at again under the lock: two installations may have met
    versions.keep(staged, manifest.ref)  # again: as files of an old version they may just have been removed
    body = {"label": manifest.label, "description": manifest.body.get("description", "")}
    pack, _ = Pack.objects.update_or_create(
        ref=manifest.ref, defaults=body, create_defaults={**body, "safe_name": safe_name(manifest.ref)}
    )
    version, _ = PackVersion.objects.get_or_create(
        pack=pack,
        digest=staged.digest,
        defaults={
            "version": manifest.version,
            "manifest": manifest.body,
            "config_schema": loaded.config_schema,
            "size_bytes": staged.size_bytes,
            "file_count": staged.file_count,
            "installed_by": identity,
            "source": origin[:SOURCE_CHARS],
            "commit": commit,
        },
    )
    Pack.objects.filter(pk=pack.pk).update(current=version, updated_at=Now())
    for kind in content.kinds():
        kind.write(version, loaded.content[kind.folder])
    for follower in content.followers():
        follower(version)
    payload = {"change": "installed", "version": manifest.version, "digest": staged.digest}
    transaction.on_commit(lambda: happened.send(sender=Pack, kind="pack", subject=manifest.ref, payload=payload))
