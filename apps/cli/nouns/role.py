"""`attune role`"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ahead
from apps.cli.output.cells import moment, plain, strong
from apps.cli.output.pages import Facts, column
from apps.cli.session import Session

app = noun("Make roles, give them and take them back.")

Role = Annotated[str, typer.Argument(metavar="ROLE", help="its name", show_default=False, autocompletion=values.roles)]
Grants = Annotated[
    list[str] | None,
    typer.Option("--grant", metavar="GRANT", help="verb, and after @ where: execution.run@pack:aws (repeatable)"),
]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="what it is for")]


@command(app, "list")
def list_(session: Session, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List roles, by name: those that come with Attune, those of packs, and your own."""
    show_list(
        session,
        "roles",
        columns=[
            column("ROLE", "name", strong),
            column("FROM", "source"),
            column("PACK", "pack"),
            column("GRANTS", "grants", may_shrink=True),
        ],
        most=most_of(limit, all_),
        nothing="There are no roles.",
    )


@command(app, "show")
def show(session: Session, role: Role) -> None:
    """Show one role."""
    _tell(session, session.api.get("roles", role))


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="small letters, digits and ._-", show_default=False)],
    *,
    grant: Grants = None,
    description: Description = None,
) -> None:
    """Make a role. Nobody can put more into it than they have."""
    body: dict[str, Any] = {"name": name, "grants": grant or []}
    if description is not None:
        body["description"] = description
    _tell(session, session.api.post("roles", body=body))


@command(app, "update")
def update(session: Session, role: Role, *, grant: Grants = None, description: Description = None) -> None:
    """Change a role of your own; grants are given as a whole."""
    said = {"grants": grant or None, "description": description}
    body = {field: value for field, value in said.items() if value is not None}
    if not body:
        raise UsageError("Nothing to change was given.")
    _tell(session, session.api.patch("roles", role, body=body))


@command(app, "delete", has_formats=False)
def delete(session: Session, role: Role) -> None:
    """Delete a role of your own: whoever has it loses it at once."""
    session.api.delete("roles", role)
    session.printer.say(f"role {role} is deleted")


@command(app, "assign")
def assign(
    session: Session,
    role: Role,
    *,
    identity: Annotated[
        str | None,
        typer.Option("--identity", metavar="NAME", help="who is to have it", autocompletion=values.identities),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="NAME", help="or which group", autocompletion=values.groups)
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="30d, or 2027-01-31")] = None,
) -> None:
    """Give a role to an identity or a group."""
    body: dict[str, Any] = {"role": role}
    body |= {name: value for name, value in (("identity", identity), ("group", group)) if value is not None}
    if until is not None:
        body["expires_at"] = moment_ahead(until, option="--until", now=clock.now())
    row = session.api.post("role-assignments", body=body)
    facts = [
        ("id", plain(row["id"])),
        ("role", strong(row["role"])),
        ("identity", plain(row["identity"])),
        ("group", plain(row["group"])),
        ("until", moment(row["expires_at"])),
    ]
    session.printer.one(row, lambda: [Facts(facts)])


@command(app, "holders")
def holders(
    session: Session,
    role: Annotated[
        str | None,
        typer.Argument(metavar="[ROLE]", help="of this one", show_default=False, autocompletion=values.roles),
    ] = None,
    *,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List who has which role, newest first."""
    show_list(
        session,
        "role-assignments",
        columns=[
            column("ID", "id", is_number=True),
            column("ROLE", "role", strong),
            column("IDENTITY", "identity"),
            column("GROUP", "group"),
            column("GIVEN BY", "assigned_by"),
            column("UNTIL", "expires_at", moment),
        ],
        filters={"role": role},
        most=most_of(limit, all_),
        nothing="Nobody has it.",
    )


@command(app, "unassign", has_formats=False)
def unassign(
    session: Session,
    assignment_id: Annotated[int, typer.Argument(metavar="ID", help="as `role holders` tells", show_default=False)],
) -> None:
    """Take a role back, at once."""
    session.api.delete("role-assignments", assignment_id)
    session.printer.say(f"role assignment {assignment_id} is taken back")


def _tell(session: Session, row: Mapping[str, Any]) -> None:
    facts = [
        ("role", strong(row["name"])),
        ("description", plain(row["description"])),
        ("from", plain(row["pack"] or row["source"])),
        *(("grants" if index == 0 else "", plain(grant)) for index, grant in enumerate(row["grants"])),
        ("updated", moment(row["updated_at"])),
    ]
    session.printer.one(row, lambda: [Facts(facts)])
