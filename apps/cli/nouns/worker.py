"""`attune worker`"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import Cell, age, moment, plain, status, strong
from apps.cli.output.pages import Column, Facts, column
from apps.cli.session import Session

app = noun("See where executions run.")

_STATUSES = ("active", "cordoned", "draining", "lost", "stopped")


@command(app, "list")
def list_(
    session: Session,
    *,
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
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="NAME", help="of this pool", autocompletion=values.pools)
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List workers, newest first; those that ended too, for a while."""
    show_list(
        session,
        "workers",
        columns=_columns(clock.now()),
        filters={"status": status_, "pool": pool},
        most=most_of(limit, all_),
        nothing="There are no workers: nothing can run.",
    )


@command(app, "show")
def show(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="WORKER", help="its name", show_default=False, autocompletion=values.workers)
    ],
) -> None:
    """Show one worker, and what it can run.

    Also which queues it serves, and since when it has been there.
    """
    worker = next((row for row in session.api.items("workers") if row["name"] == name), None)
    if worker is None:
        raise UsageError(f"There is no worker {name}.", hints=["all workers: attune worker list"])
    session.printer.one(worker, lambda: [Facts(_facts(worker))])


def _facts(worker: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    return [
        ("worker", strong(worker["name"])),
        ("status", status(worker["status"])),
        ("takes nothing", plain(worker.get("refusal"))),
        ("pool", plain(worker["pool"])),
        ("labels", plain(", ".join(f"{name}={value}" for name, value in worker["labels"].items()))),
        ("slots", plain(f"{worker['running']} of {worker['slots']} busy")),
        ("runtimes", _runtimes(worker["runtimes"])),
        ("queues", Cell("\n".join(plain(queue).text for queue in worker["queues"]))),
        ("version", plain(worker["version"])),
        ("host", plain(worker["host"])),
        ("pid", plain(worker["pid"])),
        ("started", moment(worker["started_at"])),
        ("heartbeat", moment(worker["last_heartbeat"])),
        ("ended", moment(worker["ended_at"])),
    ]


def _columns(now: datetime) -> list[Column]:
    return [
        column("WORKER", "name", strong),
        Column("STATUS", _standing, ("status", "refusal")),
        column("POOL", "pool"),
        Column("SLOTS", lambda row: plain(f"{row['running']}/{row['slots']}"), ("running", "slots"), is_number=True),
        column("RUNTIMES", "runtimes", _runtimes, may_fold=True),
        column("HEARTBEAT", "last_heartbeat", lambda value: age(value, now=now), is_number=True),
        column("HOST", "host"),
        column("PID", "pid", is_number=True),
        column("VERSION", "version"),
    ]


def _standing(worker: Mapping[str, Any]) -> Cell:
    """One that refuses work of its own accord is not what its status says; `show` says why."""
    return Cell(f"{worker['status']}, takes nothing", "red") if worker.get("refusal") else status(worker["status"])


def _runtimes(runtimes: dict[str, list[dict[str, Any]]]) -> Cell:
    """`python 3.11.7, shell 5.2.15`"""
    return plain([f"{name} {found['version']}" for name, installed in runtimes.items() for found in installed])
