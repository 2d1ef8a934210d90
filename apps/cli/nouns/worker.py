"""`attune worker`"""

from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ApiError, ExitCode, UsageError
from apps.cli.executions.waiting import Deadline
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import duration_s
from apps.cli.session import Session
from apps.cli.workers import pages
from apps.cli.workers.draining import see_drained

app = noun("See where executions run, and take workers out of service.")

_STATUSES = ("active", "cordoned", "draining", "lost", "stopped")

Names = Annotated[
    list[str],
    typer.Argument(metavar="WORKER", help="one or more names", show_default=False, autocompletion=values.workers),
]


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
        columns=pages.list_columns(clock.now()),
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
    worker = session.api.get("workers", name)
    session.printer.one(worker, lambda: pages.describe(worker))


@command(app, "cordon")
def cordon(session: Session, names: Names) -> int:
    """Let workers take nothing new.

    What they run goes on. For administrators.
    """
    return _tell(session, names, *_ask(session, names, "cordon"))


@command(app, "uncordon")
def uncordon(session: Session, names: Names) -> int:
    """Let workers take work again.

    Also those that drain, unless their process is about to end. For administrators.
    """
    return _tell(session, names, *_ask(session, names, "uncordon"))


@command(app, "drain")
def drain(
    session: Session,
    names: Names,
    *,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="until nothing runs on them any more")] = False,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="TIME", help="how long to wait: 30, 10m; the drain itself goes on after"),
    ] = None,
) -> int:
    """Empty workers, to stop or restart them then.

    They take nothing new. What still runs after ATTUNE_DRAIN_S is interrupted and starts again elsewhere, at its old
    place in line. For administrators.
    """
    if timeout is not None and not wait:
        raise UsageError("--timeout is for --wait.")
    deadline = Deadline.after(None if timeout is None else duration_s(timeout, option="--timeout"))
    asked, code = _ask(session, names, "drain")
    if wait:
        asked = see_drained(asked, api=session.api, printer=session.printer, deadline=deadline)
    return _tell(session, names, asked, code)


def _ask(session: Session, names: list[str], duty: str) -> tuple[list[dict[str, Any]], ExitCode]:
    """The workers that obey, and the exit code. One that cannot be asked does not keep the others from it."""
    asked, code = [], ExitCode.OK
    for name in dict.fromkeys(names):
        try:
            asked.append(session.api.post("workers", name, duty))
        except ApiError as error:
            session.printer.complain(error)
            code = error.exit_code
    return asked, code


def _tell(session: Session, names: list[str], workers: list[dict[str, Any]], code: ExitCode) -> int:
    if session.printer.is_for_people:
        for worker in workers:
            session.printer.say(pages.standing(worker))
    else:
        session.printer.document(workers[0] if len(names) == 1 and workers else workers)
    return code
