"""`attune key`"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ExitCode, UsageError
from apps.cli.keys.pages import columns, describe
from apps.cli.keys.reading import Source, read_value
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ahead
from apps.cli.operations.following import failure_of, see_operation, tell_steps
from apps.cli.session import Session

app = noun("Keep secrets, and hand them to actions.")

Name = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="its name, or pack:REF:NAME, action:REF:NAME, or its id",
        show_default=False,
        autocompletion=values.keys,
    ),
]
Pack = Annotated[
    str | None,
    typer.Option("--pack", metavar="PACK", help="a key of this pack", autocompletion=values.packs),
]
Action = Annotated[
    str | None,
    typer.Option("--action", metavar="ACTION", help="a key of this action", autocompletion=values.actions),
]


@command(app, "set")
def set_(
    session: Session,
    key: Name,
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE",
            help="text; better not here: everybody on this host can read what stands on a command line",
            show_default=False,
        ),
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option("--file", metavar="F", help="the value is what is in this file")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="the value comes on stdin, or is asked for unseen")] = False,
    as_json: Annotated[bool, typer.Option("--value-is-json", help="the value is JSON, not text")] = False,
    pack: Pack = None,
    action: Action = None,
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="what it is for")] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN|never", help="30d, or 2027-01-31: then nobody is given it")
    ] = None,
    no_secret: Annotated[
        bool, typer.Option("--no-secret", help="it is no secret: it is shown, and not masked in logs")
    ] = False,
) -> None:
    """Make a key, or give it a new value.

    The value before is erased. One newline at the end of a file or of stdin is not part of the value.
    """
    source = Source(value=value, file=file, is_stdin=stdin, is_json=as_json)
    body: dict[str, Any] = {"value": read_value(source, sys.stdin)}
    if description is not None:
        body["description"] = description
    if expires is not None:
        body["expires_at"] = None if expires == "never" else moment_ahead(expires, option="--expires", now=clock.now())
    if no_secret:
        body["encrypted"] = False
    written = session.api.put("keys", _ref(key, pack, action), body=body)
    for warning in written["warnings"]:
        session.printer.say(f"warning: {warning}")
    if session.printer.is_for_people:
        session.printer.say(f"key {written['ref']}, version {written['version']}")
    else:
        session.printer.document(written)


@command(app, "get")
def get(
    session: Session,
    key: Name,
    *,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="print the value to stdout; who did is recorded in the audit")
    ] = False,
    pack: Pack = None,
    action: Action = None,
) -> None:
    """Show a key: whose it is, who wrote it when. Its value only with --reveal."""
    ref = _ref(key, pack, action)
    if not reveal:
        found = session.api.get("keys", ref)
        session.printer.one(found, lambda: describe(found))
        return
    revealed = session.api.post("keys", ref, "reveal")
    if session.printer.is_for_people and isinstance(revealed["value"], str):
        session.printer.line(revealed["value"])
    else:
        session.printer.document(revealed["value"] if session.printer.is_for_people else revealed)


@command(app, "list")
def list_(
    session: Session,
    *,
    pack: Pack = None,
    action: Action = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List keys, newest first, without their values."""
    filters: dict[str, object] = {}
    if pack or action:
        filters = {"owner": "pack" if pack else "action", "owner_ref": pack or action}
    show_list(
        session,
        "keys",
        columns=columns(clock.now()),
        filters=filters,
        most=most_of(limit, all_),
        nothing="There are no such keys.",
    )


@command(app, "delete", has_formats=False)
def delete(session: Session, key: Name, *, pack: Pack = None, action: Action = None) -> None:
    """Delete a key with all its versions.

    Actions that name it get no such secret any more.
    """
    ref = _ref(key, pack, action)
    session.api.delete("keys", ref)
    session.printer.say(f"key {ref} is deleted")


@command(app, "rotate")
def rotate(
    session: Session,
    *,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="only ask for it: the id of the operation goes to stdout")
    ] = False,
) -> int | None:
    """Seal everything with the first key of the keyring.

    Keys, secret parameters of executions, configurations of packs. Asked for again after it was cut off, it goes on
    where it was.
    """
    operation = session.api.post("keyring", "rotate")
    if not no_wait:
        operation = see_operation(session, operation)
    return _tell(session, operation, is_over=not no_wait)


def _tell(session: Session, operation: Mapping[str, Any], *, is_over: bool) -> int | None:
    printer = session.printer
    if not printer.is_for_people:
        printer.document(operation)
    elif not is_over:
        printer.line(str(operation["id"]))
    if is_over and operation["status"] != "succeeded":
        printer.complain(failure_of(operation))
        return ExitCode.FAILED
    if is_over and printer.is_for_people:
        tell_steps(printer, operation)
        printer.say(f"everything is sealed with the key {operation['outcome']['key']}")
    return None


def _ref(key: str, pack: str | None, action: str | None) -> str:
    if pack and action:
        raise UsageError("--pack and --action: one of them, please")
    if not (pack or action):
        return key
    if ":" in key or key.isdigit():
        raise UsageError("With --pack or --action, KEY is a name.")
    return f"pack:{pack}:{key}" if pack else f"action:{action}:{key}"
