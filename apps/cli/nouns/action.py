"""`attune action`"""

from typing import Annotated

import typer

from apps.cli.actions import pages
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ApiError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.nouns.action_local import run_local
from apps.cli.parameters.near import near_actions
from apps.cli.session import Session

app = noun("Look at actions, switch them on and off.")

Ref = Annotated[
    str, typer.Argument(metavar="ACTION", help="its ref: PACK.NAME", show_default=False, autocompletion=values.actions)
]


@command(app, "list")
def list_(
    session: Session,
    *,
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="REF", help="of this pack", autocompletion=values.packs)
    ] = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", metavar="NAME", help="in this runtime", autocompletion=values.runtimes)
    ] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", metavar="TEXT", help="part of the ref")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List actions by ref."""
    show_list(
        session,
        "actions",
        columns=pages.LIST_COLUMNS,
        filters={"pack": pack, "runtime": runtime, "q": query},
        most=most_of(limit, all_),
        nothing="There are no such actions.",
    )


@command(app, "show")
def show(session: Session, ref: Ref) -> None:
    """Show one action: what it takes, and how to run it."""
    try:
        action = session.api.get("actions", ref)
    except ApiError as error:
        if error.code == "unknown_action":
            error.hints[:0] = near_actions(session.api, ref)
        raise
    session.printer.one(action, lambda: pages.describe(action))


@command(app, "schema")
def schema(session: Session, ref: Ref) -> None:
    """Print the JSON Schema of an action's parameters."""
    session.printer.document(session.api.get("actions", ref, "schema"))


@command(app, "stats")
def stats(session: Session, ref: Ref) -> None:
    """Show how busy an action's line is and was."""
    found = session.api.get("actions", ref, "queue-stats")
    session.printer.one(found, lambda: pages.describe_stats(found))


@command(app, "enable")
def enable(session: Session, ref: Ref) -> None:
    """Let an action run, whatever its pack's file says."""
    _switch(session, ref, enabled=True)


@command(app, "disable")
def disable(session: Session, ref: Ref) -> None:
    """Take no new executions of an action.

    Accepted ones still run.
    """
    _switch(session, ref, enabled=False)


@command(app, "reset")
def reset(session: Session, ref: Ref) -> None:
    """Let the pack's file decide again whether an action is enabled."""
    _switch(session, ref, enabled=None)


command(app, "run-local")(run_local)


def _switch(session: Session, ref: str, *, enabled: bool | None) -> None:
    action = session.api.patch("actions", ref, body={"enabled": enabled})
    if session.printer.is_for_people:
        session.printer.say(f"{action['ref']} is {'enabled' if action['enabled'] else 'disabled'}")
    else:
        session.printer.document(action)
