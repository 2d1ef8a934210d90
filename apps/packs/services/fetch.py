"""Installs a pack together with the packs it needs: those that are missing come from the index, and before it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.core.errors import Conflict
from apps.packs.dependencies import PackDependency
from apps.packs.loader import LoadedPack
from apps.packs.manifest import PackManifest
from apps.packs.models import PackVersion
from apps.packs.origin import Origin
from apps.packs.semver import NoVersion
from apps.packs.services.install import Installed, install_pack, manifest_in
from apps.packs.services.needed import DependencyCycle, DependencyMissing, missing, refuse_cycle
from apps.packs.sources.address import Kind, Source
from apps.packs.sources.errors import NoPackIndex
from apps.packs.sources.index import IndexedPack
from apps.packs.sources.provide import Provided, current_index, provided
from apps.packs.versions import StagedPack

if TYPE_CHECKING:
    from apps.accounts.models import Identity

Tell = Callable[[str, int], None]
Say = Callable[[str], None]


class OtherPack(Conflict):
    """The source holds another pack."""

    code = "other_pack"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """`expected` is the ref of the pack that is upgraded, or empty. `chain` are the packs on whose behalf it comes.
    `before_serving` is for the pack itself, as in `install_pack`: those it needs take over from nobody."""

    folder: Path
    origin: Origin
    expected: str = ""
    force: bool = False
    dry_run: bool = False
    chain: tuple[str, ...] = ()
    before_serving: Callable[[LoadedPack, StagedPack, PackVersion | None], object] = lambda *_: None


def install_with_needed(asked: Asked, *, identity: "Identity", tell: Tell, say: Say) -> Installed:
    """What `install_pack` does, after the same with each pack it needs that is not installed.

    Raises `DependencyMissing` (no index, or none that fits in it), `DependencyCycle`, `OtherPack`, and what
    `install_pack` raises. Needed packs that were installed by then stay: each of them is whole.
    """
    manifest = manifest_in(asked.folder)
    coming: frozenset[str] = frozenset()
    if manifest is not None:
        if asked.expected not in ("", manifest.ref):
            raise OtherPack(f"The source of {asked.expected} holds the pack {manifest.ref} now; install it by itself.")
        coming = _install_needed(manifest, asked, identity=identity, tell=tell, say=say)
    return install_pack(
        asked.folder,
        identity=identity,
        force=asked.force,
        dry_run=asked.dry_run,
        origin=asked.origin,
        coming=coming,
        tell=tell,
        before_serving=asked.before_serving,
    )


def _install_needed(
    manifest: PackManifest, asked: Asked, *, identity: "Identity", tell: Tell, say: Say
) -> frozenset[str]:
    """The refs of those that came, or would come."""
    wanted = missing(manifest)
    if not wanted:
        return frozenset()
    refuse_cycle(manifest)
    chain = (*asked.chain, manifest.ref)
    for needed in wanted:
        if needed.ref in chain:
            told = " → ".join([*chain[chain.index(needed.ref) :], needed.ref])
            raise DependencyCycle(f"{needed.ref} would need itself: {told}.")
    index = _index_for(manifest, wanted)
    for needed in wanted:
        found = _best(index, needed, of=manifest)
        tell(f"needs {needed.ref} {found.version}", 1)
        say(f"{manifest.ref} needs {needed.text}: {found.version} comes from the index")
        source = Source(Kind.INDEX, found.name, found.version)
        with provided(source, tell=lambda step, percent: None) as given:
            inner = Asked(
                folder=given.folder,
                origin=_origin(found, given),
                expected=needed.ref,
                dry_run=asked.dry_run,
                chain=chain,
            )
            install_with_needed(inner, identity=identity, tell=tell, say=say)
    return frozenset(needed.ref for needed in wanted)


def _index_for(manifest: PackManifest, wanted: list[PackDependency]) -> list[IndexedPack]:
    try:
        return current_index()
    except NoPackIndex as error:
        names = ", ".join(needed.text for needed in wanted)
        raise DependencyMissing(
            f"{manifest.ref} needs {names}, not installed here, and there is no index to get it from "
            "(ATTUNE_PACK_INDEX_URL); install it first."
        ) from error


def _best(index: list[IndexedPack], needed: PackDependency, *, of: PackManifest) -> IndexedPack:
    """The newest version that fits; the index is in that order."""
    found = [pack for pack in index if pack.name == needed.ref]
    for pack in found:
        with suppress(NoVersion):  # an index may hold any text
            if pack.version in needed.versions:
                return pack
    known = ", ".join(pack.version for pack in found[:10]) or "no such pack"
    raise DependencyMissing(f"{of.ref} needs {needed.text}, not installed here; the index has {known}.")


def _origin(found: IndexedPack, given: Provided) -> Origin:
    return Origin(Kind.INDEX.value, given.origin, given.commit, found.name)
