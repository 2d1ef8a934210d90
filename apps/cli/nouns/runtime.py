"""`attune runtime`"""

from typing import Annotated

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import plain, strong
from apps.cli.output.pages import Facts, column
from apps.cli.session import Session

app = noun("See which languages can run.")

_COLUMNS = [
    column("RUNTIME", "name", strong),
    column("LABEL", "label"),
    column("VERSIONS", "versions", may_fold=True),
    column("WORKERS", "workers", is_number=True),
    column("EXTENSIONS", "extensions"),
    column("ENVIRONMENTS", "provider"),
    column("PACK", "pack"),
]


@command(app, "list")
def list_(session: Session, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List runtimes, and the versions that active workers have."""
    show_list(session, "runtimes", columns=_COLUMNS, most=most_of(limit, all_), nothing="There are no runtimes.")


@command(app, "show")
def show(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            metavar="RUNTIME",
            help="its name or another name it has",
            show_default=False,
            autocompletion=values.runtimes,
        ),
    ],
) -> None:
    """Show one runtime, and who has it.

    Which versions of it active workers have, and how its environments are built.
    """
    runtime = next((row for row in session.api.items("runtimes") if name in (row["name"], *row["aliases"])), None)
    if runtime is None:
        raise UsageError(f"There is no runtime {name}.", hints=["all runtimes: attune runtime list"])
    facts = [
        ("runtime", strong(runtime["name"])),
        ("label", plain(runtime["label"])),
        ("description", plain(runtime["description"])),
        ("also called", plain(runtime["aliases"])),
        ("extensions", plain(runtime["extensions"])),
        ("environments", plain(runtime["provider"])),
        ("versions", plain(runtime["versions"])),
        ("workers", plain(runtime["workers"])),
        ("pack", plain(runtime["pack"])),
    ]
    session.printer.one(runtime, lambda: [Facts(facts)])
