"""The operation `pack.install`: what a conductor does when somebody asks for a pack."""

from typing import TYPE_CHECKING, BinaryIO

from apps.accounts.permissions import Verb, require
from apps.core.errors import Forbidden
from apps.core.types import JsonObject
from apps.operations.progress import Progress
from apps.operations.services import request_operation
from apps.packs.services.install import install_pack
from apps.packs.sources.address import Kind, Source, parse_source, uploaded
from apps.packs.sources.provide import provided
from apps.packs.sources.uploads import keep_upload

if TYPE_CHECKING:
    from apps.accounts.models import Identity
    from apps.operations.models import Operation

INSTALL = "pack.install"


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


def _request(identity: "Identity", source: Source, *, force: bool, dry_run: bool) -> "Operation":
    wish = {"source": source.address, "kind": source.kind.value, "ref": source.ref, "force": force, "dry_run": dry_run}
    subject = "upload" if source.kind is Kind.UPLOAD else str(source)
    return request_operation(identity, kind=INSTALL, subject=subject[:255], operation_input=wish)


def install(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """What was asked for → what was installed. Safe to start again: the same content changes nothing."""
    if progress.requested_by is None:
        raise Forbidden("Who asked for this is gone.", verb=Verb.PACK_INSTALL.value)
    require(progress.requested_by, Verb.PACK_INSTALL)  # still: it may have waited for long
    source = Source(Kind(operation_input["kind"]), operation_input["source"], operation_input["ref"])

    def tell(step: str, percent: int) -> None:
        progress.step(step, percent=percent)

    with provided(source, tell=tell) as given:
        installed = install_pack(
            given.folder,
            identity=progress.requested_by,
            force=operation_input["force"],
            dry_run=operation_input["dry_run"],
            origin=given.origin,
            commit=given.commit,
            tell=tell,
        )
    return installed.as_json()
