"""`attune enforcement`"""

from typing import Annotated

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ago
from apps.cli.rules.pages import describe_enforcement, enforcement_columns
from apps.cli.session import Session

app = noun("See what came of rules that matched.")

_STATUSES = ("pending", "started", "skipped", "failed", "suppressed")


@command(app, "list")
def list_(
    session: Session,
    *,
    rule: Annotated[
        str | None, typer.Option("--rule", metavar="REF", help="of this rule", autocompletion=values.rules)
    ] = None,
    event: Annotated[int | None, typer.Option("--event", metavar="ID", help="of this event")] = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            metavar="STATUSES",
            help=f"{', '.join(_STATUSES)}; more than one separated by commas",
            autocompletion=values.many_words(_STATUSES),
        ),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="30m, 2h, 7d, or a moment")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List enforcements, newest first."""
    now = clock.now()
    since = moment_ago(since, option="--since", now=now) if since else None
    show_list(
        session,
        "enforcements",
        columns=enforcement_columns(now),
        filters={"rule": rule, "event": event, "status": status, "since": since},
        most=most_of(limit, all_),
        nothing="There are no such enforcements.",
    )


@command(app, "show")
def show(
    session: Session,
    enforcement: Annotated[int, typer.Argument(metavar="ENFORCEMENT", help="its id", show_default=False)],
) -> None:
    """Show one enforcement: its execution, or the reason for none."""
    found = session.api.get("enforcements", enforcement)
    session.printer.one(found, lambda: describe_enforcement(found))
