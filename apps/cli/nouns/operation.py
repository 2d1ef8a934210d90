"""`attune operation`"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.details import details_of
from apps.cli.errors import ExitCode
from apps.cli.executions.following import Piece, follow_operation
from apps.cli.executions.log_output import LogOutput
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.operations.following import failure_of, see_operation, tell_steps
from apps.cli.output.cells import Cell, age, moment, plain, status, strong
from apps.cli.output.pages import Column, Facts, Part, Rows, column
from apps.cli.session import Session

app = noun("See how installations and the like went.")

_STATUSES = ("pending", "running", "succeeded", "failed")

Id = Annotated[
    int, typer.Argument(metavar="ID", help="its number", show_default=False, autocompletion=values.operations)
]


@command(app, "list")
def list_(
    session: Session,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="of this kind, like pack.install",
            autocompletion=values.words("key.rotate", "pack.install", "pack.rollback", "pack.upgrade"),
        ),
    ] = None,
    status_: Annotated[
        str | None,
        typer.Option(
            "--status",
            "-s",
            metavar="STATUS",
            help="several with commas between them: " + ", ".join(_STATUSES),
            autocompletion=values.many_words(_STATUSES),
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List operations, newest first."""
    show_list(
        session,
        "operations",
        columns=_columns(clock.now()),
        filters={"kind": kind, "status": status_},
        most=most_of(limit, all_),
        nothing="There are no such operations.",
    )


@command(app, "show")
def show(session: Session, operation_id: Id) -> None:
    """Show one operation: how far it is, and how it ended."""
    operation = session.api.get("operations", operation_id)
    session.printer.one(operation, lambda: _describe(operation))


@command(app, "log", has_formats=False)
def log(
    session: Session,
    operation_id: Id,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until it has ended")] = False,
) -> None:
    """Print what an operation said."""
    if follow:
        pieces = follow_operation(session.api, operation_id)
    else:
        pieces = iter([Piece("", 0, session.api.fetch("operations", operation_id, "log").text)])
    with LogOutput(session.printer.out, colours=False) as output:
        for piece in pieces:
            output.write(piece)


@command(app, "watch")
def watch(session: Session, operation_id: Id) -> int:
    """Wait for the end with a bar and the steps on stderr. Exit code 0 when it succeeded, 1 when it did not."""
    operation = see_operation(session, session.api.get("operations", operation_id))
    if session.printer.is_for_people:
        tell_steps(session.printer, operation)
    session.printer.one(operation, lambda: _describe(operation))
    if operation["status"] == "succeeded":
        return ExitCode.OK
    session.printer.complain(failure_of(operation))
    return ExitCode.FAILED


def _columns(now: datetime) -> list[Column]:
    return [
        column("ID", "id", strong, is_number=True),
        column("KIND", "kind"),
        column("SUBJECT", "subject", may_shrink=True),
        column("STATUS", "status", status),
        column("DONE", "progress", lambda value: plain(f"{value} %"), is_number=True),
        column("REQUESTED BY", "requested_by"),
        column("AGE", "created_at", lambda value: age(value, now=now), is_number=True),
        column("ERROR", "error", _first_line, may_shrink=True),
    ]


def _first_line(error: Mapping[str, Any] | None) -> Cell:
    """An installer says many."""
    return plain(str((error or {}).get("detail") or "").partition("\n")[0])


def _describe(operation: Mapping[str, Any]) -> list[Part]:
    error = operation["error"] or {}
    facts = [
        ("id", strong(operation["id"])),
        ("kind", plain(operation["kind"])),
        ("subject", plain(operation["subject"])),
        ("status", status(operation["status"])),
        ("done", plain(f"{operation['progress']} %")),
        ("error", plain(f"{error.get('code')}: {error.get('detail')}" if error else None)),
        ("outcome", plain(operation["outcome"])),
        ("requested by", plain(operation["requested_by"])),
        ("requested", moment(operation["created_at"])),
        ("started", moment(operation["started_at"])),
        ("ended", moment(operation["ended_at"])),
    ]
    parts: list[Part] = [Facts(facts)]
    if operation["steps"]:
        parts.append(Rows(operation["steps"], _STEP_COLUMNS, title="Steps"))
    if details := details_of(error):
        parts.append(Facts([("", Cell(plain(str(detail)).text)) for detail in details], title="Errors"))
    return parts


_STEP_COLUMNS = [
    column("STEP", "name"),
    column("STATUS", "status", status),
    column("STARTED", "started_at", moment),
    column("ENDED", "ended_at", moment),
]
