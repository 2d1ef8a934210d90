"""`attune gate`"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import age, plain, seconds, status, strong
from apps.cli.output.pages import Column, Facts, Part, Rows, column
from apps.cli.policies.pages import key_cell, limit_cell
from apps.cli.session import Session

app = noun("See who waits in line, and move limits.")

Id = Annotated[
    int, typer.Argument(metavar="GATE", help="its number in the list", show_default=False, autocompletion=values.gates)
]


@command(app, "list")
def list_(
    session: Session,
    *,
    action: Annotated[
        str | None,
        typer.Option("--action", metavar="REF", help="of this action's own limit", autocompletion=values.actions),
    ] = None,
    policy: Annotated[int | None, typer.Option("--policy", metavar="ID", help="of this policy")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List gates, newest first. A gate exists while somebody needs it, and for an hour after."""
    show_list(
        session,
        "gates",
        columns=_columns(clock.now()),
        filters={"action": action, "policy": policy},
        most=most_of(limit, all_),
        nothing="There are no gates: nothing limited ran lately. Limits: attune policy list",
    )


@command(app, "show")
def show(session: Session, gate: Id) -> None:
    """Show one gate: who holds its slots, and the first 100 in its line."""
    found = session.api.get("gates", gate)
    session.printer.one(found, lambda: _describe(found, clock.now()))


@command(app, "limit")
def limit(
    session: Session,
    gate: Id,
    number: Annotated[
        int | None, typer.Argument(metavar="LIMIT", help="0 pauses; nobody who runs is stopped", show_default=False)
    ] = None,
    *,
    reset: Annotated[bool, typer.Option("--reset", help="as its file says")] = False,
) -> None:
    """Move the limit of a gate's policy.

    At once, and so of all gates of this policy.
    """
    if (number is None) is not reset:
        raise UsageError("Give the new limit, or --reset.")
    found = session.api.patch("gates", gate, body={"limit": number})
    if session.printer.is_for_people:
        session.printer.say(
            f"{found['policy']}: limit {found['limit']}, {found['running']} run, {found['waiting']} wait"
        )
    else:
        session.printer.document(found)


def _columns(now: datetime) -> list[Column]:
    return [
        column("GATE", "gate", strong, is_number=True),
        column("POLICY", "policy"),
        Column("KEY", key_cell, ("key", "key_digest"), may_shrink=True),
        Column("LIMIT", limit_cell, ("limit", "window_s"), is_number=True),
        column("RUNNING", "running", is_number=True),
        column("WAITING", "waiting", is_number=True),
        column("OLDEST", "oldest_waiting_s", seconds, is_number=True),
        column("USUAL WAIT", "avg_wait_s", seconds, is_number=True),
        column("USED", "used_at", lambda value: age(value, now=now), is_number=True),
    ]


def _describe(gate: Mapping[str, Any], now: datetime) -> list[Part]:
    facts = [
        ("gate", strong(gate["gate"])),
        ("policy", plain(f"{gate['policy']} (id {gate['policy_id']})")),
        ("key", key_cell(gate)),
        ("limit", limit_cell(gate)),
        ("passed", plain(gate.get("passed"))),
        ("next passes in", seconds(gate.get("next_s"))),
        ("running", plain(gate["running"])),
        ("waiting", plain(gate["waiting"])),
        ("oldest waits", seconds(gate["oldest_waiting_s"])),
        ("usual wait", seconds(gate["avg_wait_s"])),
        ("requested", plain(gate["total_enqueued"])),
        ("completed", plain(gate["total_completed"])),
    ]
    parts: list[Part] = [Facts(facts)]
    if gate["holders"]:
        parts.append(Rows(gate["holders"], _standing_columns(now), title="Hold a slot"))
    if gate["line"]:
        parts.append(
            Rows(gate["line"], [column("#", "position", is_number=True), *_standing_columns(now)], title="Line")
        )
    return parts


def _standing_columns(now: datetime) -> list[Column]:
    return [
        column("EXECUTION", "execution", is_number=True),
        column("ACTION", "action"),
        column("STATUS", "status", status),
        column("ATTEMPT", "attempt", is_number=True),
        column("AGE", "created_at", lambda value: age(value, now=now), is_number=True),
    ]
