"""`attune environment`"""

from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ExitCode, UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.packs.environments import (
    BUILT_LATER,
    NO_WORKER,
    environments_of,
    none_of_its_own,
    see_builds,
    see_rollback,
)
from apps.cli.packs.pages import USAGE_COLUMNS, describe_environment, environment_columns
from apps.cli.packs.validation import see_validation
from apps.cli.session import Session

app = noun("Look at packs' environments, build, validate, roll back and remove them.")

_STATUSES = ("pending", "building", "ready", "failed", "outdated")

Pack = Annotated[
    str, typer.Argument(metavar="PACK", help="ref of the pack", show_default=False, autocompletion=values.packs)
]
Runtime = Annotated[
    str, typer.Argument(metavar="RUNTIME", help="python, node, …", show_default=False, autocompletion=values.runtimes)
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="only ask for it, and do not wait until it is built")]


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
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            "-s",
            metavar="STATUS",
            help="several with commas between them: " + ", ".join(_STATUSES),
            autocompletion=values.many_words(_STATUSES),
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List environments on all volumes.

    The pack _base is for packs without dependencies.
    """
    show_list(
        session,
        "environments",
        columns=environment_columns(clock.now()),
        filters={"pack": pack, "runtime": runtime, "status": status},
        most=most_of(limit, all_),
        nothing="There are no such environments.",
    )


@command(app, "show")
def show(session: Session, pack: Pack, runtime: Runtime) -> None:
    """Show what is in a pack's environment.

    And how its last build went.
    """
    rows = _own(session, pack, runtime)
    if session.printer.is_for_people:
        session.printer.page([part for row in rows for part in describe_environment(row)])
    else:
        session.printer.document(rows)


@command(app, "path")
def path(session: Session, pack: Pack, runtime: Runtime) -> None:
    """Show what runs the pack's actions.

    The path of the interpreter, on hosts that see the environment's volume.
    """
    rows = environments_of(session, pack, runtime)
    paths = [row["executable"] for row in rows if row["executable"]]
    if not session.printer.is_for_people:
        session.printer.document(paths)
    elif paths:
        session.printer.line("\n".join(dict.fromkeys(paths)))
    else:
        raise UsageError(f"{pack} has no environment of its own for {runtime}.")


@command(app, "usage")
def usage(session: Session) -> None:
    """Show how much disk environments take.

    All generations, by volume.
    """
    found = session.api.get("environments", "usage")
    if session.printer.is_for_people:
        session.printer.rows(found["volumes"], USAGE_COLUMNS, nothing="No environment was built yet.")
    else:
        session.printer.document(found)


@command(app, "ensure")
def ensure(session: Session, pack: Pack, runtime: Runtime, *, no_wait: NoWait = False) -> int | None:
    """Build a pack's environment if it is missing.

    Or if it is not what the pack wants now. Else nothing changes.
    """
    if not _ask(session, pack, runtime, "ensure"):
        return ExitCode.FAILED
    if not no_wait and not see_builds(session, pack, runtime):
        session.printer.say(none_of_its_own(pack))
    return None


@command(app, "validate")
def validate(
    session: Session,
    pack: Pack,
    runtime: Runtime,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="build it anew if it is broken or outdated")] = False,
    no_wait: NoWait = False,
) -> int | None:
    """Look whether an environment is what was built.

    Starts its interpreter and compares its packages. Exit code 1 if something is wrong with it.
    """
    before = environments_of(session, pack, runtime)
    if not _ask(session, pack, runtime, "validate", {"repair": repair}):
        return ExitCode.FAILED
    if before and not no_wait:
        see_validation(session, pack, runtime, before, is_repair=repair)
    elif not before:
        session.printer.say(none_of_its_own(pack))
    return None


@command(app, "remove")
def remove(session: Session, pack: Pack, runtime: Runtime) -> int | None:
    """Remove a pack's environment.

    What runs in it goes on. The next run builds it again.
    """
    asked = session.api.delete("packs", pack, "environments", runtime)
    text = f"the environment of {pack} for {runtime} is being removed"
    return _told(session, asked, text, nobody=f"no active worker has {runtime}, so nobody could be asked")


@command(app, "cleanup")
def cleanup(
    session: Session,
    *,
    keep_recent: Annotated[
        int, typer.Option("--keep-recent", metavar="N", min=0, max=100, help="newest generations that stay, of each")
    ] = 3,
) -> int | None:
    """Remove old generations on all volumes.

    What serves and what runs stays.
    """
    asked = session.api.post("environments", "cleanup", body={"keep_recent": keep_recent})
    return _told(session, asked, "old generations are being removed")


@command(app, "rebuild")
def rebuild(session: Session, pack: Pack, runtime: Runtime, *, no_wait: NoWait = False) -> int | None:
    """Build a pack's environment anew.

    Beside the one that serves, which goes on until the new one is complete.
    """
    if not _ask(session, pack, runtime, "rebuild"):
        return ExitCode.FAILED
    if not no_wait and not see_builds(session, pack, runtime):
        session.printer.say(none_of_its_own(pack))
    return None


@command(app, "rollback")
def rollback(session: Session, pack: Pack, runtime: Runtime, *, no_wait: NoWait = False) -> int | None:
    """Let the generation before the one that serves serve again."""
    before = _own(session, pack, runtime)
    if not _ask(session, pack, runtime, "rollback"):
        return ExitCode.FAILED
    if not no_wait:
        see_rollback(session, pack, runtime, before)
    return None


def _own(session: Session, pack: str, runtime: str) -> list[dict[str, Any]]:
    """The pack's own environment, on each volume. Raises `UsageError` where it has none."""
    rows = environments_of(session, pack, runtime)
    if not rows:
        hint = "a pack without dependencies uses the common one: attune environment list --pack _base"
        raise UsageError(f"{pack} has no environment of its own for {runtime}.", hints=[hint])
    return rows


def _ask(session: Session, pack: str, runtime: str, deed: str, body: object = None) -> bool:
    """Whether somebody was there to be asked."""
    asked = session.api.post("packs", pack, "environments", runtime, deed, body=body)
    nobody = f"no active worker has {runtime} in a version for {pack}: {BUILT_LATER}"
    return _told(session, asked, nobody=nobody) is None


def _told(session: Session, asked: dict[str, int], text: str = "", *, nobody: str = NO_WORKER) -> int | None:
    if not session.printer.is_for_people:
        session.printer.document(asked)
    if not asked["volumes"]:
        session.printer.say(nobody)
        return ExitCode.FAILED
    if text:
        session.printer.say(text)
    return None
