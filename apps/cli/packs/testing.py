"""Runs the tests of a pack, of one that is installed on a worker, of a folder on this machine, and reports."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.cli.errors import Detail, ExitCode, Failed
from apps.cli.executions.following import follow_operation
from apps.cli.executions.log_output import LogOutput
from apps.cli.local.asking import Local
from apps.cli.operations.following import failure_of
from apps.cli.session import Session


def is_folder(text: str) -> bool:
    """Whether a folder of this machine is meant: a bare word is one only where it holds a pack."""
    return "/" in text or text in (".", "..") or text.startswith("~") or (Path(text) / "pack.yaml").is_file()


def test_here(session: Session, folder: Path) -> int:
    with (
        LogOutput(sys.stderr, colours=session.printer.shows_colours(sys.stderr)) as log,
        Local(say=session.printer.say, log=log.write) as local,
    ):
        report = local.ask("test", folder=str(folder.resolve()))
    if not session.printer.is_for_people:
        session.printer.document(report)
    return _tell(session, report)


def test_there(session: Session, ref: str) -> int:
    operation = _ended(session, session.api.post("packs", ref, "test"))
    if not session.printer.is_for_people:
        session.printer.document(operation)
    report = operation["outcome"] or (operation["error"] or {}).get("report")
    if report is None:
        session.printer.complain(failure_of(operation))
        return ExitCode.FAILED
    return _tell(session, {"ref": ref, **report})


def _ended(session: Session, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The operation when it has ended; its log goes to stderr while it grows."""
    printer, number = session.printer, operation["id"]
    try:
        with LogOutput(sys.stderr, colours=printer.shows_colours(sys.stderr)) as log:
            for piece in follow_operation(session.api, number):
                log.write(piece)
    except KeyboardInterrupt:
        printer.say(f"operation {number} goes on; to look again: attune operation log {number} --follow")
        raise
    return dict(session.api.get("operations", number))


def _tell(session: Session, report: Mapping[str, Any]) -> int:
    printer = session.printer
    for program in report["programs"]:
        mark = "✗" if program["failed"] else "✓"
        why = f": {program['error']}" if program["error"] else ""
        printer.say(f"  {mark} {program['name']} {_counts(program)}{why}")
    if printer.is_for_people:
        printer.line(f"{report['ref']}: {_counts(report)}")
    if not report["failed"]:
        return ExitCode.OK
    failed = [program for program in report["programs"] if program["failed"]]
    details = [Detail(program["name"], program["error"] or f"{program['failed']} failed") for program in failed]
    printer.complain(Failed("tests_failed", f"Tests of {report['ref']} failed.", details=details))
    return ExitCode.FAILED


def _counts(row: Mapping[str, Any]) -> str:
    skipped = f", {row['skipped']} skipped" if row["skipped"] else ""
    return f"{row['passed']} passed, {row['failed']} failed{skipped}"
