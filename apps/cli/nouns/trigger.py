"""`attune trigger`"""

from typing import Annotated

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.events.pages import TRIGGER_COLUMNS, describe_trigger
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.session import Session

app = noun("See what can happen.")


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
    """List triggers by ref."""
    show_list(
        session,
        "triggers",
        columns=TRIGGER_COLUMNS,
        filters={"pack": pack, "q": query},
        most=most_of(limit, all_),
        nothing="There are no such triggers.",
    )


@command(app, "show")
def show(
    session: Session,
    ref: Annotated[
        str, typer.Argument(metavar="TRIGGER", help="its ref", show_default=False, autocompletion=values.triggers)
    ],
) -> None:
    """Show one trigger: its parameters, its payload, and the rules that listen to it."""
    found = session.api.get("triggers", ref)
    session.printer.one(found, lambda: describe_trigger(found))
