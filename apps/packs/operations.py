"""The operation `pack.install`: what a conductor does when somebody asks for a pack."""

from pathlib import Path

from apps.core.types import JsonObject
from apps.operations.progress import Progress
from apps.packs.services.install import install_pack

INSTALL = "pack.install"


def install(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """`{source, force, dry_run}` → what was installed. Safe to start again: the same content changes nothing."""
    installed = install_pack(
        Path(operation_input["source"]),
        identity=progress.requested_by,
        force=operation_input["force"],
        dry_run=operation_input["dry_run"],
        tell=lambda step, percent: progress.step(step, percent=percent),
    )
    return installed.as_json()
