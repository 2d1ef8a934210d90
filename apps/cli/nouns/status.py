"""`attune status`"""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.cli.command import command, new_app
from apps.cli.errors import ApiError, ExitCode
from apps.cli.output.cells import Cell, plain, status
from apps.cli.output.pages import Facts, Part
from apps.cli.session import Session

app = new_app()


@command(app, "status")
def show(session: Session) -> int:
    """Say how Attune is: database, Redis, workers. Exit code 0 when it can serve, 3 when it cannot."""
    ready = session.api.readiness()
    session.printer.one(ready, lambda: _describe(session, ready))
    return ExitCode.OK if ready["status"] == "ok" else ExitCode.UNREACHABLE


def _describe(session: Session, ready: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("at", plain(session.api.connection.url)),
        ("status", status(ready["status"])),
        ("database", status(ready.get("database"))),
        ("migrations", status(ready.get("migrations"))),
        ("redis", status(ready.get("redis"))),
        ("workers", _count(ready.get("workers"))),
    ]
    if ready["status"] == "ok":
        facts += _of_workers(session)
    return [Facts(facts)]


def _count(workers: int | None) -> Cell:
    if workers is None:
        return Cell("")
    return Cell(f"{workers} active") if workers else Cell("none is active: nothing runs", "red")


def _of_workers(session: Session) -> Sequence[tuple[str, Cell]]:
    """What only somebody with a token is told."""
    try:
        workers = list(session.api.items("workers", status="active", fields="slots,running,version"))
    except ApiError as error:
        return [("token", Cell("none, or one that is not known here" if error.status == 401 else error.message, "red"))]
    if not workers:
        return []
    slots, running = sum(row["slots"] for row in workers), sum(row["running"] for row in workers)
    versions = sorted({row["version"] for row in workers})
    return [("slots", Cell(f"{running} of {slots} busy")), ("version", plain(versions))]
