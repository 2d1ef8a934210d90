"""What executions leave behind, as commands of `attune execution`: attempts, history, files, children, counts."""

from typing import Annotated

import typer

from apps.cli import clock
from apps.cli.completion import values
from apps.cli.executions import pages
from apps.cli.executions.artifacts import save_artifact
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ago
from apps.cli.output.cells import plain, size
from apps.cli.output.pages import column
from apps.cli.session import Session

MOMENT = "10m, 2h, 3d ago, or 2026-01-31T12:00"

Id = Annotated[
    int, typer.Argument(metavar="ID", help="its number", show_default=False, autocompletion=values.executions)
]


def attempts(session: Session, execution_id: Id) -> None:
    """Show how each attempt went."""
    rows = session.api.get("executions", execution_id, "attempts")["results"]
    session.printer.rows(rows, pages.attempt_columns(), nothing="It has not been tried yet.")


def history(session: Session, execution_id: Id) -> None:
    """Show every state it went through, oldest first."""
    rows = session.api.get("executions", execution_id, "history")["results"]
    session.printer.rows(rows, pages.history_columns(), nothing="It has no history yet.")


def artifacts(session: Session, execution_id: Id) -> None:
    """List the files that it left."""
    rows = session.api.items("executions", execution_id, "artifacts")
    columns = [
        column("NAME", "name", may_fold=True),
        column("ATTEMPT", "attempt", is_number=True),
        column("SIZE", "size_bytes", size, is_number=True),
        column("LINK", "link", lambda value: plain(session.api.connection.url + value), may_fold=True),
    ]
    session.printer.rows(rows, columns, nothing="It left no files.")


def download(
    session: Session,
    execution_id: Id,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="of the file in the list of artifacts", autocompletion=values.artifacts),
    ],
    *,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", help="that left it; the newest that has it without")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="where to; - is stdout; its own name without")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="write over a file that is there")] = False,
) -> None:
    """Download a file that it left.

    The files that there are: attune execution artifacts ID.
    """
    save_artifact(session, execution_id, name, attempt=attempt, output=output, is_forced=force)


def children(session: Session, execution_id: Id, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List the executions that one asked for, newest first."""
    show_list(
        session,
        "executions",
        execution_id,
        "children",
        columns=pages.list_columns(clock.now()),
        most=most_of(limit, all_),
        nothing="It asked for none.",
    )


def stats(
    session: Session,
    *,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help=f"ended after: {MOMENT}; the last 24 hours without")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="ended before; until now without")
    ] = None,
) -> None:
    """Count executions: how many, how they ended.

    Live ones by status as of now; those that ended in a period with failures and durations, by action.
    """
    now = clock.now()
    found = session.api.get(
        "executions",
        "stats",
        since=since and moment_ago(since, option="--since", now=now),
        until=until and moment_ago(until, option="--until", now=now),
    )
    session.printer.one(found, lambda: pages.describe_stats(found))
