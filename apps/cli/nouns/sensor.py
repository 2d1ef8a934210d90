"""`attune sensor`"""

from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.sensors import logs as log
from apps.cli.sensors import pages
from apps.cli.session import Session

app = noun("See what watches the world, and start it again.")

Ref = Annotated[
    str, typer.Argument(metavar="SENSOR", help="its ref: PACK.NAME", show_default=False, autocompletion=values.sensors)
]


@command(app, "list")
def list_(
    session: Session,
    *,
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="REF", help="of this pack", autocompletion=values.packs)
    ] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", metavar="TEXT", help="part of the ref")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List sensors by ref, with how they stand and why."""
    show_list(
        session,
        "sensors",
        columns=pages.list_columns(clock.now()),
        filters={"pack": pack, "q": query},
        most=most_of(limit, all_),
        nothing="There are no such sensors.",
    )


@command(app, "show")
def show(session: Session, ref: Ref) -> None:
    """Show one sensor, and what it said last before it ended."""
    sensor = session.api.get("sensors", ref)
    session.printer.one(sensor, lambda: pages.describe(sensor))


@command(app, "restart")
def restart(session: Session, ref: Ref) -> None:
    """End a sensor's process and start it again.

    Also one that waits after a failure; its waits begin anew.
    """
    sensor = session.api.post("sensors", ref, "restart")
    if session.printer.is_for_people:
        session.printer.say(f"{sensor['ref']} is started again within a second or two")
    else:
        session.printer.document(sensor)


@command(app, "enable")
def enable(session: Session, ref: Ref) -> None:
    """Let a sensor run, whatever its pack's file says."""
    _tell(session, session.api.post("sensors", ref, "enable"))


@command(app, "disable")
def disable(session: Session, ref: Ref) -> None:
    """End a sensor, and start it no more."""
    _tell(session, session.api.post("sensors", ref, "disable"))


@command(app, "logs", has_formats=False)
def logs(
    session: Session,
    ref: Ref,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="as it grows, from one process to the next")] = False,
    start: Annotated[
        int | None, typer.Option("--start", metavar="N", help="an earlier process; the newest without")
    ] = None,
    tail: Annotated[int | None, typer.Option("--tail", "-n", metavar="LINES", help="only so many at the end")] = None,
) -> None:
    """Print what a sensor wrote, and which of its lines were refused."""
    if tail is not None and (tail < 0 or follow):
        raise UsageError("--tail: a number of lines, and not together with --follow.")
    if follow:
        log.follow(session, ref, start=start)
    else:
        log.show(session, ref, start=start, tail=tail)


def _tell(session: Session, sensor: dict[str, Any]) -> None:
    if session.printer.is_for_people:
        session.printer.say(f"{sensor['ref']} is {'enabled' if sensor['enabled'] else 'disabled'}")
    else:
        session.printer.document(sensor)
