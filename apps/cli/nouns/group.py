"""`attune group`"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import plain, strong
from apps.cli.output.pages import Facts, column
from apps.cli.session import Session

app = noun("Make groups, and say who is in them.")

Group = Annotated[
    str, typer.Argument(metavar="GROUP", help="its name", show_default=False, autocompletion=values.groups)
]
Members = Annotated[
    list[str],
    typer.Argument(metavar="IDENTITY...", help="names", show_default=False, autocompletion=values.identities),
]


@command(app, "list")
def list_(session: Session, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List groups, by name."""
    show_list(
        session,
        "groups",
        columns=[
            column("GROUP", "name", strong),
            column("MEMBERS", "member_count", is_number=True),
            column("ROLES", "roles", may_shrink=True),
        ],
        most=most_of(limit, all_),
        nothing="There are no groups.",
    )


@command(app, "show")
def show(session: Session, group: Group) -> None:
    """Show one group with its members."""
    _tell(session, session.api.get("groups", group))


@command(app, "create")
def create(
    session: Session, name: Annotated[str, typer.Argument(metavar="NAME", help="of the group", show_default=False)]
) -> None:
    """Make a group, without members."""
    _tell(session, session.api.post("groups", body={"name": name}))


@command(app, "add")
def add(session: Session, group: Group, members: Members) -> None:
    """Put identities into a group."""
    before = session.api.get("groups", group)["members"]
    _set(session, group, [*before, *(name for name in members if name not in before)])


@command(app, "remove")
def remove(session: Session, group: Group, members: Members) -> None:
    """Take identities out of a group."""
    before = session.api.get("groups", group)["members"]
    _set(session, group, [name for name in before if name not in members])


@command(app, "delete", has_formats=False)
def delete(session: Session, group: Group) -> None:
    """Delete a group: its members lose what it gave them."""
    session.api.delete("groups", group)
    session.printer.say(f"group {group} is deleted")


def _set(session: Session, group: str, members: list[str]) -> None:
    _tell(session, session.api.patch("groups", group, body={"members": members}))


def _tell(session: Session, row: Mapping[str, Any]) -> None:
    facts = [("group", strong(row["name"])), ("roles", plain(row["roles"])), ("members", plain(row["members"]))]
    session.printer.one(row, lambda: [Facts(facts)])
