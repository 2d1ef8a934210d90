"""`attune token`"""

from datetime import datetime
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ahead
from apps.cli.output.cells import age, moment, strong
from apps.cli.output.pages import Column, column
from apps.cli.session import Session

app = noun("Make and revoke API tokens.")


@command(app, "list")
def list_(session: Session, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List your tokens, newest first; an administrator sees everybody's."""
    show_list(
        session,
        "tokens",
        columns=_columns(clock.now()),
        most=most_of(limit, all_),
        nothing="There are no tokens.",
    )


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="what it is for", show_default=False)],
    *,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="30d, or 2027-01-31; never without")
    ] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option("--grant", metavar="GRANT", help="it may do only this: execution.run@pack:aws (repeatable)"),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--for", metavar="IDENTITY", help="of a service account", autocompletion=values.identities),
    ] = None,
) -> None:
    """Make a token, yours or a service account's. Its text is printed to stdout this once and kept nowhere."""
    body: dict[str, Any] = {"name": name}
    if grant:
        body["grants"] = grant
    if identity is not None:
        body["identity"] = identity
    if expires is not None:
        body["expires_at"] = moment_ahead(expires, option="--expires", now=clock.now())
    token = session.api.post("tokens", body=body)
    if session.printer.is_for_people:
        session.printer.say(f"token {token['id']} for {token['identity']}, shown this once:")
        session.printer.line(token["token"])
    else:
        session.printer.document(token)


@command(app, "revoke", has_formats=False)
def revoke(
    session: Session,
    token_id: Annotated[
        int,
        typer.Argument(metavar="ID", help="its number in the list", show_default=False, autocompletion=values.tokens),
    ],
) -> None:
    """End a token at once."""
    session.api.delete("tokens", token_id)
    session.printer.say(f"token {token_id} is revoked")


def _columns(now: datetime) -> list[Column]:
    return [
        column("ID", "id", strong, is_number=True),
        column("NAME", "name", may_shrink=True),
        column("OF", "identity"),
        column("MAY ONLY", "grants", may_shrink=True),
        column("BEGINS WITH", "public_id"),
        column("AGE", "created_at", lambda value: age(value, now=now), is_number=True),
        column("USED", "last_used_at", lambda value: age(value, now=now), is_number=True),
        column("EXPIRES", "expires_at", moment),
    ]
