"""What `pack install`, `upgrade` and `rollback` have in common: their options, and seeing an installation through."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from apps.cli.completion import values
from apps.cli.errors import ExitCode
from apps.cli.operations.following import failure_of, see_operation, tell_steps
from apps.cli.packs.environments import see_builds
from apps.cli.session import Session
from apps.packs.content_text import content_text

Ref = Annotated[str, typer.Argument(metavar="PACK", help="its ref", show_default=False, autocompletion=values.packs)]
Version = Annotated[str, typer.Option("--ref", help="branch, tag or commit; version in the index")]
Force = Annotated[bool, typer.Option("--force", help="replace this version if its content differs, or go down")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="check everything, say what would change, change nothing")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="only ask for it: the id of the operation goes to stdout")]

#: Names shown of each list of a dry run.
_MOST_NAMES = 20
_MARKS = {"added": "+", "changed": "~", "removed": "-"}


def see_installation(
    session: Session, operation: dict[str, Any], *, dry_run: bool = False, no_wait: bool = False
) -> int | None:
    """Waits for the operation and the builds after it. The exit code, None when all went well."""
    printer = session.printer
    if no_wait:
        _tell_asked(session, operation)
        return None
    operation = see_operation(session, operation)
    if not printer.is_for_people:
        printer.document(operation)
    if operation["status"] != "succeeded":
        printer.complain(failure_of(operation))
        return ExitCode.FAILED
    outcome = operation["outcome"]
    if printer.is_for_people:
        tell_steps(printer, operation)
        printer.line(_outcome(outcome, is_dry_run=dry_run))
        for line in _differences(outcome.get("diff") or {}):
            printer.line(line)
    if not dry_run:
        see_builds(session, outcome["ref"])
    return None


def _tell_asked(session: Session, operation: dict[str, Any]) -> None:
    if session.printer.is_for_people:
        session.printer.line(str(operation["id"]))
        session.printer.say(
            f"operation {operation['id']} {operation['status']}: attune operation show {operation['id']}"
        )
    else:
        session.printer.document(operation)


def _outcome(outcome: Mapping[str, Any], *, is_dry_run: bool) -> str:
    content = content_text(outcome["content"])
    done = outcome["change"].replace("_", " ")
    change = f"would be {done}; nothing was changed" if is_dry_run else done
    commit = f" at commit {outcome['commit'][:12]}" if outcome.get("commit") else ""
    return f"{outcome['ref']} {outcome['version']} {change}{commit}" + (f" ({content})" if content else "")


def _differences(diff: Mapping[str, Any]) -> Iterator[str]:
    """`+`, `~` or `-` and a name, under what it is; a long list is cut and its rest counted."""
    for part, lists in diff.items():
        yield f"  {part}"
        for deed, mark in _MARKS.items():
            yield from (f"    {mark} {name}" for name in lists[deed][:_MOST_NAMES])
            if (more := len(lists[deed]) - _MOST_NAMES) > 0:
                yield f"    {mark} and {more} more"
