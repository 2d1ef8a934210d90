"""`attune pack create|upgrade|rollback|versions|remove`: the life of a pack after, or without, its installation."""

from typing import Annotated

import typer

from apps.cli import clock
from apps.cli.json_words import json_object
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.packs.installing import DryRun, Force, NoWait, Ref, Version, see_installation
from apps.cli.packs.pages import describe_pack, version_columns
from apps.cli.session import Session


def create(
    session: Session,
    ref: Annotated[str, typer.Argument(metavar="PACK", help="its ref", show_default=False)],
    *,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="its name for people")] = None,
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="what it is for")] = None,
    version: Annotated[str, typer.Option("--version", metavar="X.Y.Z", help="a semantic version")] = "0.1.0",
    meta: Annotated[str | None, typer.Option("--meta", metavar="JSON", help="a JSON object, or @FILE")] = None,
) -> None:
    """Make an ad-hoc pack, with nothing in it yet.

    To add to it: attune action create --pack PACK --file FILE
    """
    said = {"ref": ref, "label": label, "description": description, "version": version}
    body: dict[str, object] = {name: value for name, value in said.items() if value is not None}
    if meta is not None:
        body["meta"] = json_object(meta, option="--meta")
    pack = session.api.post("packs", body=body)
    session.printer.one(pack, lambda: describe_pack(pack))


def upgrade(
    session: Session,
    pack: Ref,
    *,
    ref: Version = "",
    force: Force = False,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
) -> int | None:
    """Install what there is now where a pack came from.

    Waits until the pack's environments are built. What served before goes on serving if it cannot be installed.
    """
    body = {"force": force, "dry_run": dry_run, **({"ref": ref} if ref else {})}
    operation = dict(session.api.post("packs", pack, "upgrade", body=body))
    return see_installation(session, operation, dry_run=dry_run, no_wait=no_wait)


def rollback(
    session: Session,
    pack: Ref,
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="VERSION", help="or its digest; left out: the one installed before")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="also where other packs need a newer version")] = False,
    no_wait: NoWait = False,
) -> int | None:
    """Let an earlier version of a pack serve again, its files and environments together.

    Those there are: attune pack versions PACK
    """
    body = {**({"version": to} if to else {}), **({"force": True} if force else {})}
    operation = dict(session.api.post("packs", pack, "rollback", body=body))
    return see_installation(session, operation, no_wait=no_wait)


def versions(session: Session, pack: Ref, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List the versions of a pack that are kept."""
    columns, most = version_columns(clock.now()), most_of(limit, all_)
    show_list(session, "packs", pack, "versions", columns=columns, most=most, nothing="No version is kept.")


def remove(
    session: Session,
    pack: Ref,
    *,
    force: Annotated[bool, typer.Option("--force", help="also while it is in use")] = False,
) -> None:
    """Remove a pack.

    Executions that were accepted keep its version to their ends. While it is in use, what uses it is told instead.
    """
    session.api.delete("packs", pack, **({"force": True} if force else {}))
    session.printer.say(f"pack {pack} is removed")
