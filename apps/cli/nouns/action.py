"""`attune action`"""

from typing import Annotated

import typer

from apps.cli.actions import pages
from apps.cli.actions.writing import action_body
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ApiError, UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.nouns.action_local import run_local
from apps.cli.parameters.near import near_actions
from apps.cli.session import Session

app = noun("Look at actions, switch them on and off, write some.")

Ref = Annotated[
    str, typer.Argument(metavar="ACTION", help="its ref: PACK.NAME", show_default=False, autocompletion=values.actions)
]

File = Annotated[
    str,
    typer.Option("--file", "-f", metavar="F", help="an action's file: YAML or JSON; - is stdin", show_default=False),
]
Code = Annotated[
    str | None,
    typer.Option("--code", metavar="F", help="its program; left out: the entry point, if it lies beside the file"),
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


@command(app, "create")
def create(
    session: Session,
    *,
    pack: Annotated[
        str,
        typer.Option("--pack", metavar="REF", help="an ad-hoc pack", show_default=False, autocompletion=values.packs),
    ],
    file: File,
    code: Code = None,
) -> None:
    """Make an action of an ad-hoc pack, from an action's file and its program.

    To make the pack: attune pack create PACK
    """
    action = session.api.post("actions", body={**action_body(file, code), "pack": pack})
    session.printer.one(action, lambda: pages.describe(action))


@command(app, "update")
def update(
    session: Session,
    ref: Ref,
    *,
    file: Annotated[
        str | None, typer.Option("--file", "-f", metavar="F", help="its file, YAML or JSON, as a whole; - is stdin")
    ] = None,
    code: Code = None,
) -> None:
    """Change an action of an ad-hoc pack: with a file as a whole, without one only its program.

    What was accepted before runs as it was.
    """
    body = action_body(file, code)
    if not body:
        raise UsageError("Nothing to change was given: --file or --code.")
    body.pop("name", None)
    action = session.api.put("actions", ref, body=body) if file else session.api.patch("actions", ref, body=body)
    session.printer.one(action, lambda: pages.describe(action))


@command(app, "delete", has_formats=False)
def delete(
    session: Session,
    ref: Ref,
    *,
    force: Annotated[bool, typer.Option("--force", help="also while it is in use")] = False,
) -> None:
    """Remove an action of an ad-hoc pack.

    While it is in use, what uses it is told instead.
    """
    session.api.delete("actions", ref, **({"force": True} if force else {}))
    session.printer.say(f"action {ref} is removed")


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
