"""`attune identity`"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import age, moment, plain, strong, yes_no
from apps.cli.output.pages import Facts, column
from apps.cli.session import Session

app = noun("Make identities, switch them off, reset passwords.")

Name = Annotated[
    str, typer.Argument(metavar="IDENTITY", help="its name", show_default=False, autocompletion=values.identities)
]
EndTokens = Annotated[bool, typer.Option("--end-tokens", help="revoke all its tokens, too")]


@command(app, "list")
def list_(
    session: Session,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="user|service", help="of this kind", autocompletion=values.words("user", "service")
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List people and service accounts, by name."""
    show_list(
        session,
        "identities",
        columns=[
            column("IDENTITY", "name", strong),
            column("KIND", "kind"),
            column("ON", "is_active", yes_no),
            column("ADMINISTRATOR", "is_administrator", yes_no),
            column("ROLES", "roles", may_shrink=True),
            column("GROUPS", "groups", may_shrink=True),
            column("LAST LOGIN", "last_login_at", lambda value: age(value, now=clock.now()), is_number=True),
        ],
        filters={"kind": kind},
        most=most_of(limit, all_),
        nothing="There are no such identities.",
    )


@command(app, "show")
def show(session: Session, name: Name) -> None:
    """Show one identity."""
    _tell(session, session.api.get("identities", name))


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="letters, digits and @.+-_", show_default=False)],
    *,
    is_service: Annotated[bool, typer.Option("--service", help="a service account: tokens, but no password")] = False,
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="of a person")] = None,
) -> None:
    """Make a person or a service account, which may nothing until it is given a role.

    A person's temporary password is printed to stdout this once and kept nowhere.
    """
    body: dict[str, Any] = {"name": name, "kind": "service" if is_service else "user"}
    if email is not None:
        body["email"] = email
    _tell_made(session, session.api.post("identities", body=body))


@command(app, "update")
def update(
    session: Session,
    name: Name,
    *,
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="of a person")] = None,
    administrator: Annotated[
        bool | None, typer.Option("--administrator/--no-administrator", help="may do everything, whatever roles say")
    ] = None,
) -> None:
    """Change an identity."""
    said = {"email": email, "is_administrator": administrator}
    body = {field: value for field, value in said.items() if value is not None}
    if not body:
        raise UsageError("Nothing to change was given.")
    _tell(session, session.api.patch("identities", name, body=body))


@command(app, "disable")
def disable(session: Session, name: Name) -> None:
    """Switch an identity off: its sessions end, its tokens do not work."""
    _tell(session, session.api.patch("identities", name, body={"is_active": False}))


@command(app, "enable")
def enable(session: Session, name: Name) -> None:
    """Switch an identity on again."""
    _tell(session, session.api.patch("identities", name, body={"is_active": True}))


@command(app, "reset-password")
def reset_password(session: Session, name: Name, *, end_tokens: EndTokens = False) -> None:
    """Give a person a temporary password, printed to stdout this once; all their sessions end."""
    body = {"end_tokens": end_tokens}
    _tell_made(session, session.api.post("identities", name, "reset-password", body=body))


@command(app, "end-sessions", has_formats=False)
def end_sessions(session: Session, name: Name) -> None:
    """End all sessions and revoke all tokens of an identity, which stays switched on."""
    session.api.post("identities", name, "end-sessions")
    session.printer.say(f"sessions and tokens of {name} are ended")


def _tell(session: Session, row: Mapping[str, Any]) -> None:
    facts = [
        ("identity", strong(row["name"])),
        ("kind", plain(row["kind"])),
        ("on", yes_no(row["is_active"])),
        ("administrator", yes_no(row["is_administrator"])),
        ("email", plain(row["email"])),
        ("roles", plain(row["roles"])),
        ("groups", plain(row["groups"])),
        ("made", moment(row["created_at"])),
        ("last login", moment(row["last_login_at"])),
    ]
    session.printer.one(row, lambda: [Facts(facts)])


def _tell_made(session: Session, made: Mapping[str, Any]) -> None:
    if session.printer.is_for_people and made["temporary_password"]:
        session.printer.say(f"temporary password of {made['name']}, shown this once, to be changed within a day:")
        session.printer.line(made["temporary_password"])
    else:
        _tell(session, made)
