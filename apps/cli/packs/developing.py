"""Watches a pack's folder and installs it after each change, until Ctrl-C. What is refused changes nothing."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apps.cli import clock
from apps.cli.errors import CliError, ExitCode, Unreachable
from apps.cli.operations.following import failure_of, see_operation
from apps.cli.packs.environments import see_builds
from apps.cli.packs.sources import IGNORED, ask_for_installation
from apps.cli.session import Session

#: Between two looks at the folder. A few hundred files are looked at in a millisecond.
_PAUSE_S = 0.3
#: Before Attune is tried again that could not be reached.
_AWAY_S = 3.0

#: Path, and what changes with a file: when it was changed, its size, whether it may be executed.
Snapshot = Mapping[str, tuple[int, int, int]]


def develop(session: Session, folder: Path) -> int:
    """Goes on after errors: the version that served before serves until they are gone. Ctrl-C is its good end."""
    session.printer.say(f"watches {folder}; Ctrl-C ends it")
    served = "what served before"
    try:
        for _ in changes_of(folder):
            served = _install_or_complain(session, folder, served)
    except KeyboardInterrupt:
        session.printer.say("what was installed last goes on serving")
    return ExitCode.OK


def _install_or_complain(session: Session, folder: Path, served: str) -> str:
    """What serves now, in words; `served` did before."""
    while True:
        try:
            outcome = install(session, folder)
            break
        except Unreachable as error:
            session.printer.complain(error)
        except CliError as error:
            session.printer.complain(error)
            session.printer.say(f"{served} goes on serving")
            return served
        time.sleep(_AWAY_S)  # nobody changes the folder because Attune was away
    time_of_day = f"{clock.now().astimezone():%H:%M:%S}"
    session.printer.line(f"{time_of_day}  {outcome['ref']} {outcome['version']} {outcome['change']}")
    if outcome["change"] != "unchanged":
        _see_builds_or_complain(session, outcome["ref"])
    return f"{outcome['ref']} {outcome['version']} of {time_of_day}"


def _see_builds_or_complain(session: Session, ref: str) -> None:
    try:
        see_builds(session, ref)
    except CliError as error:
        session.printer.complain(error)


def install(session: Session, folder: Path) -> Mapping[str, Any]:
    """Replaces the version if its content differs; the outcome. Raises `Failed` with every error, and what the server
    says: then nothing was changed."""
    operation = ask_for_installation(session, str(folder.resolve()), ref="", on_server=False, force=True, dry_run=False)
    operation = see_operation(session, operation)
    if operation["status"] != "succeeded":
        raise failure_of(operation)
    outcome: Mapping[str, Any] = operation["outcome"]
    return outcome


def changes_of(folder: Path) -> Iterator[Snapshot]:
    """The folder as it is, and again after each change, once nothing changes any more: editors write in steps."""
    told: Snapshot | None = None
    before = snapshot(folder)
    while True:
        now = snapshot(folder)
        if now == before and now != told:
            told = now
            yield now
        before = now
        time.sleep(_PAUSE_S)


def snapshot(folder: Path) -> Snapshot:
    """What is gone while it is looked at is left out."""
    found = {}
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in IGNORED]
        for name in files:
            if name in IGNORED or name.endswith(".pyc"):
                continue
            try:
                facts = os.stat(os.path.join(path, name), follow_symlinks=False)  # noqa: PTH116, PTH118 - many of them
            except OSError:
                continue
            found[os.path.join(path, name)] = (facts.st_mtime_ns, facts.st_size, facts.st_mode)  # noqa: PTH118
    return found
