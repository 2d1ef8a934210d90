"""`attune policy`"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import Cell, moment, plain, seconds, strong
from apps.cli.output.pages import Column, Facts, Part, column
from apps.cli.session import Session

app = noun("Limit how much runs at a time.")

_NONE = "none"

_SCOPES = values.words("action", "pack", "system")

Policy = Annotated[
    str, typer.Argument(metavar="POLICY", help="its id or name", show_default=False, autocompletion=values.policies)
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="TEMPLATE", help="a line for each value: '{{ host }}'; none for a single line"),
]
WhenFull = Annotated[
    str | None,
    typer.Option(
        "--when-full",
        metavar="queue|cancel|reject",
        help="what becomes of those that find no slot: wait in line, be canceled, be refused",
        autocompletion=values.words("queue", "cancel", "reject"),
    ),
]
MaxWaiting = Annotated[str | None, typer.Option("--max-waiting", metavar="N|none", help="length of the line")]
Expires = Annotated[
    str | None, typer.Option("--expires", metavar="SECONDS|none", help="whoever waits longer is canceled")
]


@command(app, "list")
def list_(
    session: Session,
    *,
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="action|pack|system", help="of this scope", autocompletion=_SCOPES)
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="REF", help="of an action or pack")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List policies in force, newest first.

    Those of actions' own files too.
    """
    show_list(
        session,
        "policies",
        columns=_COLUMNS,
        filters={"scope": scope, "subject": subject},
        most=most_of(limit, all_),
        nothing="There are no such policies.",
    )


@command(app, "show")
def show(session: Session, policy: Policy) -> None:
    """Show one policy."""
    found = session.api.get("policies", _id_of(session, policy))
    session.printer.one(found, lambda: _describe(found))


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="to find it by", show_default=False)],
    *,
    scope: Annotated[
        str,
        typer.Option(
            "--scope", metavar="action|pack|system", help="what is limited", show_default=False, autocompletion=_SCOPES
        ),
    ],
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="so many at a time", show_default=False)],
    subject: Annotated[str | None, typer.Option("--subject", metavar="REF", help="of the action or pack")] = None,
    key: Key = None,
    when_full: WhenFull = None,
    max_waiting: MaxWaiting = None,
    expires: Expires = None,
) -> None:
    """Limit an action, a pack, or everything.

    It holds for executions requested from now on.
    """
    body = {"name": name, "scope": scope, "limit": limit, **({"subject": subject} if subject else {})}
    rules = _rules(key=key, when_full=when_full, max_waiting=max_waiting, expires=expires)
    _tell(session, session.api.post("policies", body=body | rules))


@command(app, "update")
def update(
    session: Session,
    policy: Policy,
    *,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="N|none", help="0 pauses; none: as the action's file says")
    ] = None,
    key: Key = None,
    when_full: WhenFull = None,
    max_waiting: MaxWaiting = None,
    expires: Expires = None,
) -> None:
    """Change a policy. Of one that comes from an action's file, only the limit can be overridden."""
    body = _rules(key=key, when_full=when_full, max_waiting=max_waiting, expires=expires)
    if limit is not None:
        body["limit"] = _number(limit, option="--limit")
    if not body:
        raise UsageError("Nothing to change was given.")
    _tell(session, session.api.patch("policies", _id_of(session, policy), body=body))


@command(app, "delete", has_formats=False)
def delete(session: Session, policy: Policy) -> None:
    """Retire a policy: everybody who waits for it is let through."""
    session.api.delete("policies", _id_of(session, policy))
    session.printer.say(f"policy {policy} is retired")


def _id_of(session: Session, policy: str) -> int:
    """Names may be taken more than once; then only the id says which is meant."""
    if policy.isascii() and policy.isdigit():
        return int(policy)
    found = [row["id"] for row in session.api.items("policies", fields="id,name") if row["name"] == policy]
    if len(found) == 1:
        return int(found[0])
    if found:
        raise UsageError(f"There are several policies {policy}: {', '.join(map(str, found))}; give the id.")
    raise UsageError(f"There is no policy {policy}.", hints=["all policies: attune policy list"])


def _rules(*, key: str | None, when_full: str | None, max_waiting: str | None, expires: str | None) -> dict[str, Any]:
    """Only what was given; `none` takes a rule away."""
    rules: dict[str, Any] = {}
    if key is not None:
        rules["key"] = None if key == _NONE else key
    if when_full is not None:
        rules["when_full"] = when_full
    if max_waiting is not None:
        rules["max_waiting"] = _number(max_waiting, option="--max-waiting")
    if expires is not None:
        rules["expires_s"] = _number(expires, option="--expires")
    return rules


def _number(text: str, *, option: str) -> float | None:
    if text == _NONE:
        return None
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is neither a number nor none.") from error


def _tell(session: Session, policy: Mapping[str, Any]) -> None:
    session.printer.one(policy, lambda: _describe(policy))


def _limit(row: Mapping[str, Any]) -> Cell:
    limit, override = row["limit"], row["limit_override"]
    text = plain(limit).text + (" (paused)" if limit == 0 else "") + (" *" if override is not None else "")
    return Cell(text, "yellow" if limit == 0 else "")


_COLUMNS = [
    column("ID", "id", is_number=True),
    column("POLICY", "name", strong),
    column("SCOPE", "scope"),
    column("SUBJECT", "subject"),
    Column("LIMIT", _limit, ("limit", "limit_override"), is_number=True),
    column("KEY", "key", may_shrink=True),
    column("WHEN FULL", "when_full"),
    column("LONGEST LINE", "max_waiting", is_number=True),
    column("EXPIRES", "expires_s", seconds, is_number=True),
    column("FROM", "source"),
]


def _describe(policy: Mapping[str, Any]) -> list[Part]:
    override = "an operator's word over the file" if policy["limit_override"] is not None else None
    facts = [
        ("id", plain(policy["id"])),
        ("policy", strong(policy["name"])),
        ("scope", plain(policy["scope"])),
        ("subject", plain(policy["subject"])),
        ("limit", plain(policy["limit"])),
        ("", plain(override)),
        ("key", plain(policy["key"])),
        ("when full", plain(policy["when_full"])),
        ("longest line", plain(policy["max_waiting"])),
        ("expires", seconds(policy["expires_s"])),
        ("from", plain(policy["source"])),
        ("updated", moment(policy["updated_at"])),
    ]
    return [Facts(facts)]
