"""`attune audit`"""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ago
from apps.cli.output.cells import Cell, moment, plain, strong
from apps.cli.output.pages import Column, column
from apps.cli.session import Session

app = noun("See who did what.")

#: Between two looks of `--follow`.
_PAUSE_S = 1.0
#: Records may become visible a little after others with a later time: so far back is looked again.
_OVERLAP = timedelta(seconds=15)
_REMEMBERED = 20_000


@command(app, "list")
def list_(
    session: Session,
    *,
    who: Annotated[
        str | None, typer.Option("--who", metavar="NAME", help="an identity, or 'execution 17' for what it read")
    ] = None,
    deed: Annotated[str | None, typer.Option("--deed", metavar="VERB", help="like key.reveal, or login")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="REF", help="ref or id of what it was done to")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome",
            metavar="OUTCOME",
            help="several with commas between them: done, refused, failed",
            autocompletion=values.many_words(("done", "refused", "failed")),
        ),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="2h ago, or 2026-01-31T12:00")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="before then")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what happens, oldest first")] = False,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List deeds, newest first: who, what, on what, how it went."""
    filters = {
        "who": who,
        "deed": deed,
        "on": on,
        "outcome": outcome,
        "since": moment_ago(since, option="--since", now=clock.now()) if since else None,
        "until": moment_ago(until, option="--until", now=clock.now()) if until else None,
    }
    if follow:
        _follow(session, filters)
        return
    show_list(
        session, "audit", columns=_COLUMNS, filters=filters, most=most_of(limit, all_), nothing="Nothing of the kind."
    )


def _follow(session: Session, filters: Mapping[str, str | None]) -> None:
    """Until it is interrupted."""
    for row in _as_they_come(session, filters):
        if session.printer.is_for_people:
            cells = (item.read(row).text for item in _COLUMNS)
            session.printer.line("  ".join(cell for cell in cells if cell))
        else:
            session.printer.document(row)
        session.printer.out.flush()


def _as_they_come(session: Session, filters: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    told: deque[int] = deque(maxlen=_REMEMBERED)
    since = filters["since"] or clock.now().isoformat()
    while True:
        asked = clock.now()
        found = session.api.items("audit", **_narrowed(filters, since))
        rows = [row for row in found if row["id"] not in told]
        for row in reversed(rows):
            told.append(row["id"])
            yield row
        since = max(str(since), (asked - _OVERLAP).isoformat())
        time.sleep(_PAUSE_S)


def _narrowed(filters: Mapping[str, str | None], since: str) -> dict[str, Any]:
    return {**filters, "since": since}


def _outcome(value: str) -> Cell:
    return Cell(value, {"done": "green", "refused": "red"}.get(value, "yellow"))


_COLUMNS: list[Column] = [
    column("AT", "at", moment),
    column("WHO", "who", strong),
    column("DEED", "deed"),
    column("ON", "on", may_shrink=True),
    column("OUTCOME", "outcome", _outcome),
    column("FROM", "address"),
    column("FACTS", "facts", plain, may_shrink=True),
]
