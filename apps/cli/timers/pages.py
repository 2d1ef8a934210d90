"""How timers look to people: their list, the page about one, and the times it is scheduled for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from apps.cli.output.cells import Cell, age, moment, plain, status, strong
from apps.cli.output.pages import Column, Facts, Part, Rows, column

#: Said only where they are not what everybody has.
_USUAL = {"misfire": "fire_once", "catch_up_max": 10, "jitter_s": 0, "timezone": "UTC"}


def list_columns(now: datetime) -> list[Column]:
    return [
        column("TIMER", "id", strong, is_number=True),
        column("STATUS", "status", status),
        column("TRIGGER", "trigger"),
        column("WHEN", "parameters", _parameters, may_shrink=True),
        column("NEXT", "next_scheduled_for", moment),
        column("LAST", "last_fired_at", lambda value: age(value, now=now), is_number=True),
        column("FIRED", "fired", is_number=True),
        column("MISFIRES", "misfires", is_number=True),
    ]


def describe(timer: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("timer", strong(timer["id"])),
        ("status", status(timer["status"])),
        ("trouble", Cell(plain(timer["trouble"]).text, "red")),
        ("trigger", plain(timer["trigger"])),
        *((name, plain(value)) for name, value in timer["parameters"].items()),
        ("last scheduled for", moment(timer["last_scheduled_for"])),
        ("last fired", moment(timer["last_fired_at"])),
        ("fired", plain(timer["fired"])),
        ("misfires", plain(timer["misfires"])),
        ("next fires", moment(timer["next_fire_at"])),
        ("made", moment(timer["anchored_at"])),
    ]
    return [Facts(facts), *times_of(timer["upcoming"], title="Next times")]


def times_of(times: Sequence[str], *, title: str = "") -> list[Part]:
    """In the user's time zone, and in the timer's own."""
    rows = [{"at": text} for text in times]
    columns = [column("TIME", "at", moment), column("IN ITS ZONE", "at", _as_said)]
    return [Rows(rows, columns, title=title)] if rows else []


def _as_said(text: str) -> Cell:
    said = datetime.fromisoformat(text)
    return Cell(f"{said:%a %Y-%m-%d %H:%M:%S} {'UTC' if said.tzinfo == UTC else f'{said:%z}'}")


def _parameters(parameters: Mapping[str, Any]) -> Cell:
    """`expression="0 9 * * *" timezone=Europe/Berlin`"""
    said = {name: value for name, value in parameters.items() if _USUAL.get(name) != value}
    return plain(" ".join(f"{name}={plain(value).text}" for name, value in said.items()))
