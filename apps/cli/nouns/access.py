"""`attune access`"""

from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.output.cells import plain, strong, yes_no
from apps.cli.output.pages import Facts, Rows, column
from apps.cli.session import Session

app = noun("Find out why somebody may or may not.")


@command(app, "explain")
def explain(
    session: Session,
    verb: Annotated[str, typer.Argument(metavar="VERB", help="execution.run", show_default=False)],
    *,
    identity: Annotated[
        str | None,
        typer.Option("--identity", metavar="NAME", help="who; you", autocompletion=values.identities),
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="WHAT", help="pack:aws, action:aws.resize or execution:17; anywhere")
    ] = None,
) -> None:
    """Say whether somebody may do something, and which grants of which roles say so."""
    body: dict[str, Any] = {"verb": verb}
    body |= {name: value for name, value in (("identity", identity), ("on", on)) if value is not None}
    answer = session.api.post("access", "explain", body=body)
    columns = [
        column("GRANT", "grant", strong),
        column("ROLE", "role"),
        column("THROUGH GROUP", "group"),
        column("HOLDS HERE", "counts", yes_no),
    ]
    facts = Facts([("may", yes_no(answer["may"])), ("", plain(answer["text"]))])
    session.printer.one(answer, lambda: [facts, Rows(answer["reasons"], columns)] if answer["reasons"] else [facts])
