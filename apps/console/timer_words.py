"""Timers in words: what one says, and the times it has, by its own clock and in UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.core.types import JsonObject
from apps.triggers.models import Trigger
from apps.triggers.timers import cron_fields
from apps.triggers.timers.reading import DATE, INTERVAL, zone_of

_TIME = "%a %Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class ShownTime:
    """`local` by the clock of the timer's zone, `offset` what that clock differs from UTC then."""

    at: datetime
    local: str
    offset: str
    utc: str


def said_by(trigger: Trigger) -> str:
    """`every 5 minutes`, `0 9 * * mon-fri in Europe/Berlin`, `once, 2026-01-31T12:00:00Z`."""
    said = trigger.parameters
    if trigger.type.ref == INTERVAL:
        return _interval(said)
    text = f"once, {said.get('date', '')}" if trigger.type.ref == DATE else _cron(said)
    zone = said.get("timezone", "UTC")
    return text if zone == "UTC" else f"{text} in {zone}"


def shown_times(times: Iterable[datetime], parameters: JsonObject) -> list[ShownTime]:
    zone = zone_of(parameters)
    return [_shown(time, time.astimezone(zone)) for time in times]


def zone_name(parameters: JsonObject) -> str:
    """Empty for UTC: then there is one clock only."""
    name = zone_of(parameters).key
    return "" if name == "UTC" else name


def _shown(time: datetime, local: datetime) -> ShownTime:
    offset = local.strftime("%z")
    return ShownTime(
        time,
        local.strftime(_TIME),
        f"{local.tzname()} {offset[:3]}:{offset[3:5]}",
        time.astimezone(UTC).strftime(_TIME),
    )


def _interval(said: JsonObject) -> str:
    unit, delta = str(said.get("unit", "seconds")), said.get("delta")
    every = f"every {unit.removesuffix('s')}" if delta == 1 else f"every {delta} {unit}"
    return f"{every} from {said['start']}" if "start" in said else every


def _cron(said: JsonObject) -> str:
    if "expression" in said:
        return str(said["expression"])
    fields = {name: said[name] for name in cron_fields.NAMES if name in said}
    return ", ".join(f"{name} {value}" for name, value in fields.items())
