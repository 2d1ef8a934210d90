"""What a process that starts programs of packs stands on: their user, and the runtimes of this host, proven at its
start. Whatever is wrong ends the process with one sentence."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from apps.runner.spec import RunAs
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import Capabilities, RuntimesNotHere, find_capabilities
from apps.workers.run_as import RunAsUnusable, prove, run_as_of

#: Where programs are somebody else's: they read environments. What is not theirs is closed explicitly.
_OPEN_UMASK = 0o022


def run_as_here(work_root: Path) -> RunAs | None:
    """The user of programs of packs; None: the process's own."""
    try:
        found = run_as_of(settings.ATTUNE_POOL, settings.ATTUNE_RUN_AS)
    except RunAsUnusable as error:
        raise SystemExit(f"ATTUNE_RUN_AS: {error}.") from error
    if found is not None:
        os.umask(_OPEN_UMASK)
        closed = [Path(path) for path in settings.ATTUNE_CLOSED_PATHS]
        _prove(found, needed=_needed(work_root), closed=closed)
    return found


def capabilities_here(run_as: RunAs | None) -> Capabilities:
    """May be none at all."""
    known = known_runtimes()
    try:
        capabilities = find_capabilities(
            settings.ATTUNE_POOL, known, only=settings.ATTUNE_WORKER_RUNTIMES, run_as=run_as
        )
    except RuntimesNotHere as error:
        raise SystemExit(f"ATTUNE_WORKER_RUNTIMES: {error}.") from error
    if run_as is not None and any(item.has_environments for item in known if item.name in capabilities.runtimes):
        _prove(run_as, needed=[Path(sys.executable)])  # it makes virtual environments
    return capabilities


def why_none(capabilities: Capabilities) -> str:
    """Why this host has none of the runtimes, for people."""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in capabilities.missing.items())
    return reasons or "no pack brought any"


def _prove(run_as: RunAs, *, needed: Sequence[Path], closed: Sequence[Path] = ()) -> None:
    try:
        prove(run_as, needed=needed, closed=closed)
    except RunAsUnusable as error:
        raise SystemExit(f"ATTUNE_RUN_AS: {error}.") from error


def _needed(work_root: Path) -> list[Path]:
    folders = [Path(settings.ATTUNE_PACKS_DIR), Path(settings.ATTUNE_RUNTIME_ENVS_DIR)]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(folder.stat().st_mode | 0o055)  # the first process made it, with a umask of its own
    return [work_root, *folders]
