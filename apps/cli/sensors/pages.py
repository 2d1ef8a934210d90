"""How sensors look to people: the columns of their list, and the page about one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.cli.output.cells import Cell, age, moment, plain, seconds, status, strong, yes_no
from apps.cli.output.pages import Column, Facts, Part, column


def list_columns(now: datetime) -> list[Column]:
    return [
        column("SENSOR", "ref", strong),
        column("STATE", "state", status),
        column("SINCE", "since", lambda value: age(value, now=now), is_number=True),
        column("EVENTS", "events", is_number=True),
        column("REFUSED", "refused", is_number=True),
        column("STARTS", "starts", is_number=True),
        column("HOST", "host"),
        column("REASON", "reason", may_shrink=True),
    ]


def describe(sensor: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = [Facts(_facts(sensor))]
    if sensor["stderr"]:
        said = Cell("\n".join(plain(line).text for line in sensor["stderr"].splitlines()))
        parts.append(Facts([("", said)], title="Last words of the process that ended last"))
    return parts


def standing(sensor: Mapping[str, Any]) -> str:
    """`acme.disks is running`, with the reason where there is one."""
    reason = f": {sensor['reason']}" if sensor["reason"] else ""
    return f"{sensor['ref']} is {sensor['state']}{reason}"


def _facts(sensor: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    return [
        ("sensor", strong(sensor["ref"])),
        ("description", plain(sensor["description"])),
        ("state", status(sensor["state"])),
        ("reason", plain(sensor["reason"])),
        ("since", moment(sensor["since"])),
        ("enabled", yes_no(sensor["enabled"])),
        ("host", plain(sensor["host"])),
        ("starts", plain(sensor["starts"])),
        ("failures in a row", plain(sensor["failures"])),
        ("started", moment(sensor["started_at"])),
        ("next start", moment(sensor["next_start_at"])),
        ("polls every", seconds(sensor["poll_interval_s"])),
        ("for at most", seconds(sensor["poll_timeout_s"])),
        ("triggers", plain(", ".join(sensor["triggers"]))),
        ("rules listen to", plain(f"{sensor['serves']} of its triggers")),
        ("events", plain(sensor["events"])),
        ("last event", moment(sensor["last_event_at"])),
        ("refused lines", plain(sensor["refused"])),
        ("last refused", plain(sensor["last_refusal"])),
        ("runtime", plain(sensor["runtime"])),
        ("entry point", plain(sensor["entry_point"])),
    ]
