"""Installs a pack from a folder: staged, read, checked as a whole, then made current in one transaction."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from apps.core.errors import ErrorCollector, Invalid
from apps.core.types import JsonObject
from apps.packs import content, versions
from apps.packs.diff import diff_of
from apps.packs.documents import PackFile
from apps.packs.loader import LoadedPack, content_files, load_pack
from apps.packs.manifest import PackManifest, read_manifest
from apps.packs.models import PackVersion
from apps.packs.origin import Origin
from apps.packs.role_files import require_roles_of
from apps.packs.services.changes import Change, Wish, change_of, refuse_lost_runtimes, refuse_overtaken, serving
from apps.packs.services.needed import require_needed
from apps.packs.services.registering import note_origin, register_staged
from apps.runtimes.services import known_runtimes

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)
_NOWHERE = Origin()


@dataclass(frozen=True)
class Installed:
    """`content` counts things by kind; `diff` is there after a dry run."""

    ref: str
    version: str
    digest: str
    change: Change
    content: dict[str, int]
    origin: str = ""
    commit: str = ""
    diff: JsonObject | None = None

    def as_json(self) -> JsonObject:
        return {
            "ref": self.ref,
            "version": self.version,
            "digest": self.digest,
            "change": self.change.value,
            "content": self.content,
            "source": self.origin,
            "commit": self.commit,
            **({"diff": self.diff} if self.diff is not None else {}),
        }


def install_pack(
    source: Path,
    *,
    identity: "Identity | None",
    force: bool = False,
    dry_run: bool = False,
    own: bool = False,
    origin: Origin = _NOWHERE,
    coming: frozenset[str] = frozenset(),
    tell: Callable[[str, int], None] = lambda step, percent: None,
    before_serving: Callable[[LoadedPack, versions.StagedPack, PackVersion | None], object] = lambda *_: None,
) -> Installed:
    """Makes the pack in the folder `source` the current version of its ref.

    `own` is for Attune's own packs, whose refs are reserved. `dry_run` checks everything, says what would change and
    changes nothing; packs in `coming` then count as installed. `origin` is kept with a new version. `before_serving` is
    told what is kept and what serves now; what it raises leaves that serving.
    Raises `Forbidden` (roles that are not for `identity` to give), `Invalid` (no such folder), `PackInvalid` (every
    error with its line), `DependencyMissing`, `DiskFull`, and what `change_of`, `refuse_overtaken` and
    `register_staged` raise.
    """
    if not source.is_absolute() or not _is_folder(source):
        raise Invalid(f"{source} is not a folder on this server; give an absolute path.")
    tell("copy", 5)
    if unchanged := _unchanged(source, origin, dry_run=dry_run):
        return unchanged
    with versions.telling_no_room(), versions.stage(source) as staged:
        tell("check", 30)
        manifest = manifest_in(staged.folder)
        seen = serving(manifest.ref) if manifest else None
        loaded = load_pack(staged.folder)
        require_roles_of(identity, loaded)
        require_needed(loaded.manifest, coming=coming)
        wish = Wish(loaded.manifest, staged.digest, origin, force, own)
        change = _change_to(loaded, wish)
        if dry_run:
            diff = diff_of(_folder_of(seen), staged.folder, manifests=_manifests())
            return _told(loaded.manifest, staged.folder, staged.digest, change, origin, diff=diff)
        tell("keep", 50)
        versions.keep(staged, loaded.manifest.ref)
        before_serving(loaded, staged, seen)
        tell("register", 70)
        change = _register(wish, loaded, staged, identity=identity, seen=seen)
        return _told(loaded.manifest, staged.folder, staged.digest, change, origin)


def manifest_in(folder: Path) -> PackManifest | None:
    """None where it is missing or wrong; `load_pack` says what is."""
    errors = ErrorCollector()
    file = PackFile.open(folder, "pack.yaml", errors)
    return read_manifest(file, errors) if file else None


def _change_to(loaded: LoadedPack, wish: Wish) -> Change:
    """Raises what `change_of` and, unless it is forced, `refuse_lost_runtimes` raise."""
    change = change_of(wish)
    if not (wish.force or wish.own):
        refuse_lost_runtimes(loaded)
    return change


def _register(
    wish: Wish,
    loaded: LoadedPack,
    staged: versions.StagedPack,
    *,
    identity: "Identity | None",
    seen: PackVersion | None,
) -> Change:
    """Looks again at what may be done, under the lock: two installations may have met."""
    changes: list[Change] = []

    def check() -> None:
        changes.append(_change_to(loaded, wish))
        refuse_overtaken(wish, seen=seen)

    register_staged(loaded, staged, identity=identity, origin=wish.origin, check=check)
    return changes[0]


def _manifests() -> dict[str, tuple[str, ...]]:
    """Files that say what each runtime is to install."""
    found = {item.name: (item.environment.manifest, item.environment.lock) for item in known_runtimes()}
    return {name: tuple(path for path in paths if path) for name, paths in found.items()}


def _folder_of(version: PackVersion | None) -> Path | None:
    return versions.ensure_unpacked(version.pack.ref, version.digest) if version else None


def _unchanged(source: Path, origin: Origin, *, dry_run: bool) -> Installed | None:
    """Where `source` holds what serves: nothing is to be done, so nothing has to be copied or read again."""
    manifest = manifest_in(source)
    seen = serving(manifest.ref) if manifest else None
    if manifest is None or seen is None or versions.digest_there(source) != seen.digest:
        return None
    if not dry_run:
        note_origin(seen, origin)
    return _told(manifest, source, seen.digest, Change.UNCHANGED, origin, diff={} if dry_run else None)


def _told(
    manifest: PackManifest,
    folder: Path,
    digest: str,
    change: Change,
    origin: Origin,
    *,
    diff: JsonObject | None = None,
) -> Installed:
    counts = {kind.folder: len(content_files(folder, kind.folder)) for kind in content.kinds()}
    logger.info("pack %s %s: %s", manifest.ref, manifest.version, change)
    told = Installed(
        manifest.ref, manifest.version, digest, change, {kind: count for kind, count in counts.items() if count}
    )
    return replace(told, origin=origin.text, commit=origin.commit, diff=diff)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name longer than file systems take
        return False
