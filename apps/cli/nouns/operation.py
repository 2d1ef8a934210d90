"""`attune operation`"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from apps.cli.answers import details_of
from apps.cli.command import command, noun
from apps.cli.executions.following import Piece
from apps.cli.executions.log_output import LogOutput
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import Cell, age, moment, plain, status, strong
from apps.cli.output.pages import Column, Facts, Part, Rows, column
from apps.cli.session import Session

app = noun("See how installations and the like went.")

Id = Annotated[int, typer.Argument(metavar="ID", show_default=False)]


@command(app, "list")
def list_(
    session: Session,
    *,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="pack.install")] = None,
    status_: Annotated[
        str | None, typer.Option("--status", "-s", metavar="STATUS", help="pending,running,succeeded,failed")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List operations, newest first."""
    show_list(
        session,
        "operations",
        columns=_columns(datetime.now(UTC)),
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
def log(session: Session, operation_id: Id) -> None:
    """Print what an operation said."""
    text = session.api.fetch("operations", operation_id, "log").text
    with LogOutput(session.printer.out, colours=False) as output:
        output.write(Piece("", 0, text))


def _columns(now: datetime) -> list[Column]:
    return [
        column("ID", "id", strong, is_number=True),
        column("KIND", "kind"),
        column("SUBJECT", "subject", may_shrink=True),
        column("STATUS", "status", status),
        column("DONE", "progress", lambda value: plain(f"{value} %"), is_number=True),
        column("REQUESTED BY", "requested_by"),
        column("AGE", "created_at", lambda value: age(value, now=now), is_number=True),
        column("ERROR", "error", lambda value: plain((value or {}).get("detail")), may_shrink=True),
    ]


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
