"""`attune worker`"""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import Cell, age, plain, status, strong
from apps.cli.output.pages import Column, column
from apps.cli.session import Session

app = noun("See where executions run.")


@command(app, "list")
def list_(
    session: Session,
    *,
    status_: Annotated[
        str | None,
        typer.Option("--status", "-s", metavar="STATUS", help="active,cordoned,draining,lost,stopped"),
    ] = None,
    pool: Annotated[str | None, typer.Option("--pool", metavar="NAME")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List workers, newest first; those that ended too, for a while."""
    show_list(
        session,
        "workers",
        columns=_columns(datetime.now(UTC)),
        filters={"status": status_, "pool": pool},
        most=most_of(limit, all_),
        nothing="There are no workers: nothing can run.",
    )


def _columns(now: datetime) -> list[Column]:
    return [
        column("WORKER", "name", strong),
        column("STATUS", "status", status),
        column("POOL", "pool"),
        Column("SLOTS", lambda row: plain(f"{row['running']}/{row['slots']}"), ("running", "slots"), is_number=True),
        column("RUNTIMES", "runtimes", _runtimes, may_fold=True),
        column("HEARTBEAT", "last_heartbeat", lambda value: age(value, now=now), is_number=True),
        column("HOST", "host"),
        column("PID", "pid", is_number=True),
        column("VERSION", "version"),
    ]


def _runtimes(runtimes: dict[str, list[dict[str, Any]]]) -> Cell:
    """`python 3.11.7, shell 5.2.15`"""
    return plain([f"{name} {found['version']}" for name, installed in runtimes.items() for found in installed])
