"""The operations of packs: what a conductor does when somebody asks for one, another version of it, or an earlier one."""

from typing import TYPE_CHECKING, BinaryIO

from apps.accounts.permissions import Verb, require
from apps.core.errors import Conflict, Forbidden
from apps.core.types import JsonObject
from apps.operations.progress import Progress
from apps.operations.services import request_operation
from apps.packs.models import Pack
from apps.packs.origin import Origin
from apps.packs.services.fetch import Asked, install_with_needed
from apps.packs.services.manage import get_pack
from apps.packs.services.rollback import roll_back, version_to_serve
from apps.packs.sources.address import Kind, Source, parse_source, uploaded
from apps.packs.sources.provide import Provided, provided
from apps.packs.sources.uploads import keep_upload

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


def request_rollback(identity: "Identity", *, pack_ref: str, version: str = "") -> "Operation":
    """Raises `UnknownPack` and `NoSuchVersion`."""
    pack = get_pack(identity, pack_ref)
    chosen = version_to_serve(pack, version)
    wish = {"pack": pack.ref, "version": chosen.version, "digest": chosen.digest}
    return request_operation(identity, kind=ROLLBACK, subject=f"{pack.ref} {chosen.version}", operation_input=wish)


def _request(
    identity: "Identity", source: Source, *, force: bool, dry_run: bool, pack: Pack | None = None
) -> "Operation":
    wish = {"source": source.address, "kind": source.kind.value, "ref": source.ref, "force": force, "dry_run": dry_run}
    if pack is not None:
        return request_operation(
            identity, kind=UPGRADE, subject=pack.ref, operation_input={"pack": pack.ref, **wish}
        )
    subject = "upload" if source.kind is Kind.UPLOAD else str(source)
    return request_operation(identity, kind=INSTALL, subject=subject[:255], operation_input=wish)


def install(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """What was asked for → what was installed. Safe to start again: the same content changes nothing."""
    identity = _who(progress)
    source = Source(Kind(operation_input["kind"]), operation_input["source"], operation_input["ref"])

    def tell(step: str, percent: int) -> None:
        progress.step(step, percent=percent)

    with provided(source, tell=tell) as given:
        asked = Asked(
            folder=given.folder,
            origin=origin_of(source, given),
            expected=operation_input.get("pack", ""),
            force=operation_input["force"],
            dry_run=operation_input["dry_run"],
        )
        return install_with_needed(asked, identity=identity, tell=tell, say=progress.log).as_json()


def rollback(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """Safe to start again: a version that serves already stays."""
    identity = _who(progress)
    progress.step("check", percent=10)
    pack = get_pack(identity, operation_input["pack"])
    version = version_to_serve(pack, operation_input["digest"])
    progress.step("register", percent=50)
    return roll_back(identity, pack=pack, version=version).as_json()


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
