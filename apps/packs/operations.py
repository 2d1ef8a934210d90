"""The operations of packs: what a conductor does when somebody asks for one, for a newer or for an earlier version."""

from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

from apps.accounts.permissions import Verb, require
from apps.core.errors import Conflict, Forbidden
from apps.core.types import JsonObject
from apps.operations import kinds
from apps.operations.progress import Progress
from apps.operations.services import HandedOver, request_operation
from apps.packs import proving
from apps.packs.loader import LoadedPack, load_pack
from apps.packs.models import Pack, PackVersion
from apps.packs.origin import Origin
from apps.packs.proving import Candidate, candidate_of, prove
from apps.packs.services.changes import Overtaken, serving
from apps.packs.services.fetch import Asked, install_with_needed
from apps.packs.services.install import install_pack, manifest_in
from apps.packs.services.manage import get_pack
from apps.packs.services.needed import refuse_breaking
from apps.packs.services.rollback import roll_back, version_to_serve
from apps.packs.sources.address import Kind, Source, parse_source, uploaded
from apps.packs.sources.provide import Provided, provided
from apps.packs.sources.uploads import keep_upload
from apps.packs.versions import StagedPack, ensure_unpacked

if TYPE_CHECKING:
    from apps.accounts.models import Identity
    from apps.operations.models import Operation

INSTALL = "pack.install"
UPGRADE = "pack.upgrade"
ROLLBACK = "pack.rollback"


class NoSource(Conflict):
    """Nobody can ask for another version of the pack where this one came from."""

    code = "no_source"


def request_installation(
    identity: "Identity", *, source: str, ref: str = "", force: bool = False, dry_run: bool = False
) -> "Operation":
    """Raises `SourceInvalid` at once; all else is told by the operation."""
    return _request(identity, parse_source(source, ref=ref), force=force, dry_run=dry_run)


def request_installation_of_upload(
    identity: "Identity", archive: BinaryIO, *, max_bytes: int, force: bool = False, dry_run: bool = False
) -> "Operation":
    """Keeps the archive until a conductor takes it. Raises `ArchiveUnreadable` for what is none."""
    return _request(identity, uploaded(keep_upload(archive, max_bytes=max_bytes)), force=force, dry_run=dry_run)


def request_upgrade(
    identity: "Identity", *, pack_ref: str, ref: str = "", force: bool = False, dry_run: bool = False
) -> "Operation":
    """Asks again where the version that serves came from: a git repository for its branch (or `ref`), the index for
    the newest version (or `ref`), an address or folder for what is there now.

    Raises `UnknownPack`, `NoSource`, `SourceInvalid`.
    """
    pack = get_pack(identity, pack_ref)
    source = pack.current.origin.source if pack.current else None
    if source is None:
        raise NoSource(f"Nobody knows where else {pack.ref} can be had; install another version of it by its source.")
    wanted = ref or (source.ref if source.kind is Kind.GIT else "")
    source = parse_source(source.address, ref=wanted)
    return _request(identity, source, force=force, dry_run=dry_run, pack=pack)


def request_rollback(identity: "Identity", *, pack_ref: str, version: str = "", force: bool = False) -> "Operation":
    """Raises `UnknownPack`, `NoSuchVersion`, and `InUse` with the packs that need a newer one unless `force` is set."""
    pack = get_pack(identity, pack_ref)
    chosen = version_to_serve(pack, version)
    if not force:
        refuse_breaking(pack.ref, version=chosen.version)
    wish = {"pack": pack.ref, "version": chosen.version, "digest": chosen.digest, "force": force}
    return request_operation(identity, kind=ROLLBACK, subject=f"{pack.ref} {chosen.version}", operation_input=wish)


def _request(
    identity: "Identity", source: Source, *, force: bool, dry_run: bool, pack: Pack | None = None
) -> "Operation":
    wish = {"source": source.address, "kind": source.kind.value, "ref": source.ref, "force": force, "dry_run": dry_run}
    if pack is not None:
        return request_operation(identity, kind=UPGRADE, subject=pack.ref, operation_input={"pack": pack.ref, **wish})
    subject = "upload" if source.kind is Kind.UPLOAD else str(source)
    return request_operation(identity, kind=INSTALL, subject=subject[:255], operation_input=wish)


def install(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """What was asked for → what was installed. Safe to start again: the same content changes nothing.

    Where another version serves, and this one wants other environments, it is handed over to a worker that builds them
    first. Raises `BuildFailed` there.
    """
    identity = _who(progress)
    if kept := _proven(operation_input, progress):
        return _install_kept(kept, operation_input, identity, progress)
    source = Source(Kind(operation_input["kind"]), operation_input["source"], operation_input["ref"])

    def tell(step: str, percent: int) -> None:
        progress.step(step, percent=percent)

    with provided(source, tell=tell) as given:
        origin = origin_of(source, given)
        if source.kind is Kind.UPLOAD and (manifest := manifest_in(given.folder)):
            progress.about(f"{manifest.ref} {manifest.version}")

        def hand_over(loaded: LoadedPack, staged: StagedPack, seen: PackVersion | None) -> None:
            candidate = candidate_of(loaded, staged.digest, staged.folder, serving=seen)
            _hand_over(candidate, {**operation_input, "origin": asdict(origin)})

        asked = Asked(
            folder=given.folder,
            origin=origin,
            expected=operation_input.get("pack", ""),
            force=operation_input["force"],
            dry_run=operation_input["dry_run"],
            before_serving=hand_over,
        )
        return install_with_needed(asked, identity=identity, tell=tell, say=progress.log).as_json()


def rollback(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """Safe to start again: a version that serves already stays."""
    identity = _who(progress)
    if not _proven(operation_input, progress):
        progress.step("check", percent=10)
    pack = get_pack(identity, operation_input["pack"])
    version = version_to_serve(pack, operation_input["digest"])
    if "candidate" not in operation_input:
        folder = ensure_unpacked(pack.ref, version.digest)
        _hand_over(candidate_of(load_pack(folder), version.digest, folder, serving=pack.current), operation_input)
    progress.step("register", percent=80)
    return roll_back(identity, pack=pack, version=version, force=operation_input.get("force", False)).as_json()


def queue_of(operation_input: JsonObject) -> str:
    """A conductor's, but for what a worker is to build first; registering may be more than a worker's disk allows."""
    candidate = operation_input.get("candidate")
    if candidate is None or operation_input.get("is_proven"):
        return kinds.CONTROL
    return proving.queue_of(Candidate(**candidate)) or kinds.CONTROL


def _hand_over(candidate: Candidate | None, operation_input: JsonObject) -> None:
    if candidate is not None:
        raise HandedOver({**operation_input, "candidate": candidate.as_json()})


def _proven(operation_input: JsonObject, progress: Progress) -> Candidate | None:
    """What was handed over, its environments built by a worker, which then hands it back; None for what has just been
    asked for. Where all workers have gone meanwhile nothing is proven."""
    if "candidate" not in operation_input:
        return None
    candidate = Candidate(**operation_input["candidate"])
    if not operation_input.get("is_proven") and prove(candidate, progress):
        raise HandedOver({**operation_input, "is_proven": True})
    return candidate


def _install_kept(kept: Candidate, operation_input: JsonObject, identity: "Identity", progress: Progress) -> JsonObject:
    """Raises `Overtaken` besides what `install_pack` does."""
    progress.step("register", percent=90)
    now = serving(kept.ref)
    if now is None or now.digest not in (kept.seen, kept.digest):
        raise Overtaken(f"Another installation of {kept.ref} was faster. Look, and ask again.")
    folder = ensure_unpacked(kept.ref, kept.digest)
    origin = Origin(**operation_input["origin"])
    return install_pack(folder, identity=identity, force=operation_input["force"], origin=origin).as_json()


def origin_of(source: Source, given: Provided) -> Origin:
    return Origin(source.kind.value, given.origin, given.commit, *_address(source))


def _address(source: Source) -> tuple[str, str]:
    """Of an upload nothing is left to ask again; a version asked of an index is no wish for the next one."""
    if source.kind is Kind.UPLOAD:
        return "", ""
    return source.address, "" if source.kind is Kind.INDEX else source.ref


def _who(progress: Progress) -> "Identity":
    """Who asked, and still may: it may have waited for long."""
    if progress.requested_by is None:
        raise Forbidden("Who asked for this is gone.", verb=Verb.PACK_INSTALL.value)
    require(progress.requested_by, Verb.PACK_INSTALL)
    return progress.requested_by
