"""`attune pack`"""

from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ExitCode
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.nouns import pack_development
from apps.cli.nouns.environment import rebuild
from apps.cli.operations.following import failure_of, see_operation, tell_steps
from apps.cli.packs.config import show_or_change
from apps.cli.packs.environments import environments_of, none_of_its_own, see_builds
from apps.cli.packs.pages import INDEX_COLUMNS, PACK_COLUMNS, describe_environment, describe_pack
from apps.cli.packs.sources import ask_for_installation
from apps.cli.session import Session

app = noun("Install packs, switch them on and off.")
command(app, "rebuild")(rebuild)
command(app, "new", has_formats=False)(pack_development.new)
command(app, "validate")(pack_development.validate)
command(app, "test")(pack_development.test)
command(app, "dev", has_formats=False)(pack_development.dev)

Ref = Annotated[str, typer.Argument(metavar="PACK", help="its ref", show_default=False, autocompletion=values.packs)]


@command(app, "install")
def install(
    session: Session,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="a folder, a .tar.gz or .zip file, the address of an archive or git repository, a name in the index",
            show_default=False,
        ),
    ],
    *,
    ref: Annotated[str, typer.Option("--ref", help="branch, tag or commit; version in the index")] = "",
    on_server: Annotated[
        bool, typer.Option("--on-server", help="a path is one of the server, also where it is one here")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="replace this version if its content differs")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, change nothing")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="only ask for it: the id of the operation goes to stdout")
    ] = False,
) -> int | None:
    """Install a pack.

    A folder or archive of this machine is sent to the server. Waits until the pack's environments are built.

    All errors of a pack are told at once, with file and line; then nothing was changed.
    """
    printer = session.printer
    operation = ask_for_installation(session, source, ref=ref, on_server=on_server, force=force, dry_run=dry_run)
    if no_wait:
        _tell_asked(session, operation)
        return None
    operation = see_operation(session, operation)
    if not printer.is_for_people:
        printer.document(operation)
    if operation["status"] != "succeeded":
        printer.complain(failure_of(operation))
        return ExitCode.FAILED
    if printer.is_for_people:
        tell_steps(printer, operation)
        printer.line(_outcome(operation["outcome"], is_dry_run=dry_run))
    if not dry_run:
        see_builds(session, operation["outcome"]["ref"])
    return None


@command(app, "list")
def list_(session: Session, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List installed packs."""
    show_list(
        session,
        "packs",
        columns=PACK_COLUMNS,
        most=most_of(limit, all_),
        nothing="No packs are installed: attune pack install SOURCE",
    )


@command(app, "index")
def index(
    session: Session,
    words: Annotated[str, typer.Argument(metavar="QUERY", help="words to look for", show_default=False)] = "",
) -> None:
    """List packs in the index, or those that a query finds.

    To install one: attune pack install NAME
    """
    rows = session.api.get("packs", "index", q=words or None)["results"]
    session.printer.rows(rows, INDEX_COLUMNS, nothing="The index has no such pack.")


@command(app, "show")
def show(session: Session, ref: Ref) -> None:
    """Show one pack."""
    pack = session.api.get("packs", ref)
    session.printer.one(pack, lambda: describe_pack(pack))


@command(app, "enable")
def enable(session: Session, ref: Ref) -> None:
    """Let a pack's actions run again."""
    _switch(session, ref, is_enabled=True)


@command(app, "disable")
def disable(session: Session, ref: Ref) -> None:
    """Take no new executions of a pack's actions.

    Accepted ones still run.
    """
    _switch(session, ref, is_enabled=False)


@command(app, "environments")
def environments(session: Session, ref: Ref) -> None:
    """Show a pack's own environments.

    With the log of the last build.
    """
    rows = environments_of(session, ref)
    if not session.printer.is_for_people:
        session.printer.document(rows)
    elif rows:
        session.printer.page([part for row in rows for part in describe_environment(row)])
    else:
        session.printer.say(none_of_its_own(ref))


@command(app, "config")
def config(
    session: Session,
    ref: Ref,
    values_: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="also NAME:=JSON and NAME=@FILE", show_default=False),
    ] = None,
    *,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="NAME", help="forget what was set")] = None,
) -> None:
    """Show what a pack wants to be told, and what it was told; or tell it.

    Secrets are never shown; one that is not given stays as it is.
    """
    show_or_change(session, ref, values_ or [], unset or [])


def _switch(session: Session, ref: str, *, is_enabled: bool) -> None:
    pack = session.api.patch("packs", ref, body={"enabled": is_enabled})
    if session.printer.is_for_people:
        session.printer.say(f"{pack['ref']} is {'enabled' if pack['enabled'] else 'disabled'}")
    else:
        session.printer.document(pack)


def _tell_asked(session: Session, operation: dict[str, Any]) -> None:
    if session.printer.is_for_people:
        session.printer.line(str(operation["id"]))
        session.printer.say(
            f"operation {operation['id']} {operation['status']}: attune operation show {operation['id']}"
        )
    else:
        session.printer.document(operation)


def _outcome(outcome: dict[str, Any], *, is_dry_run: bool) -> str:
    content = ", ".join(f"{count} {kind}" for kind, count in outcome["content"].items())
    change = f"would be {outcome['change']}; nothing was changed" if is_dry_run else outcome["change"]
    commit = f" at commit {outcome['commit'][:12]}" if outcome.get("commit") else ""
    return f"{outcome['ref']} {outcome['version']} {change}{commit}" + (f" ({content})" if content else "")
