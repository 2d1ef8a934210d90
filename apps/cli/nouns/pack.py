"""`attune pack`"""

from typing import Annotated

import typer

from apps.cli.command import command, noun
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.nouns import pack_development
from apps.cli.nouns.environment import rebuild
from apps.cli.packs import life_cycle
from apps.cli.packs.config import show_or_change
from apps.cli.packs.environments import environments_of, none_of_its_own
from apps.cli.packs.installing import DryRun, Force, NoWait, Ref, Version, see_installation
from apps.cli.packs.pages import INDEX_COLUMNS, PACK_COLUMNS, describe_environment, describe_pack
from apps.cli.packs.sources import ask_for_installation
from apps.cli.session import Session

app = noun("Install packs, upgrade, go back, remove, switch on and off.")
command(app, "rebuild")(rebuild)
command(app, "new", has_formats=False)(pack_development.new)
command(app, "validate")(pack_development.validate)
command(app, "test")(pack_development.test)
command(app, "dev", has_formats=False)(pack_development.dev)
command(app, "create")(life_cycle.create)
command(app, "upgrade")(life_cycle.upgrade)
command(app, "rollback")(life_cycle.rollback)
command(app, "versions")(life_cycle.versions)
command(app, "remove", has_formats=False)(life_cycle.remove)


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
    ref: Version = "",
    on_server: Annotated[
        bool, typer.Option("--on-server", help="a path is one of the server, also where it is one here")
    ] = False,
    force: Force = False,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
) -> int | None:
    """Install a pack.

    A folder or archive of this machine is sent to the server. Waits until the pack's environments are built.

    All errors of a pack are told at once, with file and line; then nothing was changed.
    """
    operation = ask_for_installation(session, source, ref=ref, on_server=on_server, force=force, dry_run=dry_run)
    return see_installation(session, operation, dry_run=dry_run, no_wait=no_wait)


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
    """Let a pack's actions, rules and sensors run again."""
    _switch(session, ref, is_enabled=True)


@command(app, "disable")
def disable(session: Session, ref: Ref) -> None:
    """Take no new executions of a pack's actions.

    Its rules and sensors do nothing meanwhile. Accepted executions still run.
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
