"""`attune environment`"""

from typing import Annotated

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ExitCode, UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.packs.environments import NO_WORKER, environments_of, none_of_its_own, see_builds, see_rollback
from apps.cli.packs.pages import describe_environment, environment_columns
from apps.cli.session import Session

app = noun("Look at packs' environments, rebuild and roll back.")

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
    rows = environments_of(session, pack, runtime)
    if not rows:
        hint = "a pack without dependencies uses the common one: attune environment list --pack _base"
        raise UsageError(f"{pack} has no environment of its own for {runtime}.", hints=[hint])
    if session.printer.is_for_people:
        session.printer.page([part for row in rows for part in describe_environment(row)])
    else:
        session.printer.document(rows)


@command(app, "rebuild")
def rebuild(session: Session, pack: Pack, runtime: Runtime, *, no_wait: NoWait = False) -> int | None:
    """Build a pack's environment anew.

    Beside the one that serves, which goes on until the new one is complete.
    """
    asked = session.api.post("packs", pack, "environments", runtime, "rebuild")
    if not session.printer.is_for_people:
        session.printer.document(asked)
    if not asked["volumes"]:
        session.printer.say(NO_WORKER)
        return ExitCode.FAILED
    if not no_wait and not see_builds(session, pack, runtime):
        session.printer.say(none_of_its_own(pack))
    return None


@command(app, "rollback")
def rollback(session: Session, pack: Pack, runtime: Runtime, *, no_wait: NoWait = False) -> int | None:
    """Let the generation before the one that serves serve again."""
    before = environments_of(session, pack, runtime)
    asked = session.api.post("packs", pack, "environments", runtime, "rollback")
    if not session.printer.is_for_people:
        session.printer.document(asked)
    if not asked["volumes"]:
        session.printer.say(NO_WORKER)
        return ExitCode.FAILED
    if not no_wait:
        see_rollback(session, pack, runtime, before)
    return None
