"""Reads a timer's parameters into its timing, and says what is wrong with them, place by place."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from django.utils.dateparse import parse_datetime

from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject, JsonValue
from apps.triggers.timers import cron_fields
from apps.triggers.timers.schedule import Cron, Date, Interval, Schedule
from apps.triggers.timers.timing import Misfire, Timing

INTERVAL = "core.interval"
CRON = "core.cron"
DATE = "core.date"
TYPES = (INTERVAL, CRON, DATE)

#: Seconds of one `unit` of an interval.
UNITS_S = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
#: The longest interval; who wants more wants a date.
_LONGEST = timedelta(days=3660)
_LONGEST_EXPRESSION = 200


class InvalidTimer(Invalid):
    """The parameters of the timer are not valid."""

    code = "invalid_timer"


class _Wrong(Exception):
    """One place is wrong; carries its `FieldError`."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.error = FieldError(pointer, code, detail)


def timing_of(type_ref: str, parameters: JsonObject, *, anchor: datetime, seed: str = "") -> Timing:
    """The timing of a timer of one of `TYPES`.

    `parameters` fit the type's schema. An interval without `start` is anchored at `anchor`. Raises `InvalidTimer`.
    """
    try:
        schedule = _READERS[type_ref](parameters, anchor)
    except _Wrong as wrong:
        raise InvalidTimer(errors=[wrong.error]) from wrong
    return Timing(
        schedule,
        misfire=Misfire(parameters.get("misfire", Misfire.FIRE_ONCE)),
        catch_up_max=int(parameters.get("catch_up_max", 10)),
        jitter=timedelta(seconds=parameters.get("jitter_s", 0)),
        seed=seed,
    )


def errors_of(type_ref: str, parameters: JsonObject, *, now: datetime) -> Iterator[FieldError]:
    """What is wrong with parameters that fit the schema; also when there would never be a time after `now`."""
    try:
        timing = timing_of(type_ref, parameters, anchor=now)
    except InvalidTimer as error:
        yield from (one for one in error.errors if isinstance(one, FieldError))
        return
    if timing.next(now) is None:
        yield _never(type_ref, parameters)


def _never(type_ref: str, parameters: JsonObject) -> FieldError:
    if type_ref == DATE:
        return FieldError("/date", "past", f"{parameters['date']} is over; the timer would never fire")
    if type_ref == INTERVAL:
        return FieldError("/start", "never", "the calendar ends before this interval does")
    detail = "no day in the next 50 years fits; the timer would never fire"
    return FieldError(_place_of_cron(parameters), "never", detail)


def _interval(parameters: JsonObject, anchor: datetime) -> Schedule:
    try:
        every = timedelta(seconds=UNITS_S[parameters["unit"]] * int(parameters["delta"]))
    except OverflowError:
        every = timedelta.max
    if every > _LONGEST:
        raise _Wrong("/delta", "too_long", "an interval is at most ten years long")
    if "start" not in parameters:
        return Interval(anchor, every)
    return Interval(_moment(parameters["start"], pointer="/start", zone=None), every)


def _cron(parameters: JsonObject, _: datetime) -> Schedule:
    zone = _zone(parameters)
    place = _place_of_cron(parameters)
    try:
        expression = _expression(parameters)
        CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC))
    except cron_fields.NotCron as error:
        raise _Wrong(f"/{error.field}", "not_cron", str(error)) from error
    except CronSimError as error:
        raise _Wrong(place, "not_cron", f"{expression!r} is no cron expression: {_reason(error)}") from error
    return Cron(expression, zone)


def _expression(parameters: JsonObject) -> str:
    fields = {name: parameters[name] for name in cron_fields.NAMES if name in parameters}
    if "expression" not in parameters:
        if not fields:
            raise _Wrong("/expression", "required", "an expression is required: `minute hour day month weekday`")
        return cron_fields.expression_of(fields)
    if fields:
        raise _Wrong(f"/{next(iter(fields))}", "contradiction", "give either an expression or its fields")
    expression = str(parameters["expression"])
    if len(expression) > _LONGEST_EXPRESSION:
        raise _Wrong("/expression", "too_long", f"an expression has at most {_LONGEST_EXPRESSION} characters")
    return expression


def _place_of_cron(parameters: JsonObject) -> str:
    return "/expression" if "expression" in parameters else ""


def _reason(error: CronSimError) -> str:
    text = str(error)
    if text.startswith("Bad "):
        return f"its {text.removeprefix('Bad ')} cannot be"
    return "five fields are expected (minute hour day month weekday), or six with seconds first"


def _date(parameters: JsonObject, _: datetime) -> Schedule:
    return Date(_moment(parameters["date"], pointer="/date", zone=_zone(parameters)))


def _moment(text: JsonValue, *, pointer: str, zone: ZoneInfo | None) -> datetime:
    """In UTC. Without an offset it is a time of `zone`: the first of two equal ones, and in a gap as if there was
    none."""
    try:
        found = parse_datetime(str(text))
        if found is not None and found.tzinfo is None and zone is not None:
            found = found.replace(tzinfo=zone)
        if found is None or found.tzinfo is None:
            offset = "" if zone is not None else " with its offset"
            raise _Wrong(pointer, "wrong_format", f"a moment{offset} is expected: 2026-01-31T12:00:00Z")
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # no such day, or beyond the calendar
        raise _Wrong(pointer, "wrong_format", f"no such moment: {text}") from error


def zone_of(parameters: JsonObject) -> ZoneInfo:
    """In which a timer's times are told; UTC where it names none that is known."""
    try:
        return _zone(parameters)
    except _Wrong:
        return ZoneInfo("UTC")


def _zone(parameters: JsonObject) -> ZoneInfo:
    name = str(parameters.get("timezone", "UTC"))
    try:
        return ZoneInfo(name)
    # Names that lead out of the database of zones, and to its folders.
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        detail = f"{name!r} is no time zone; names are like Europe/Berlin"
        raise _Wrong("/timezone", "unknown_timezone", detail) from error


_READERS: Mapping[str, Callable[[JsonObject, datetime], Schedule]] = {INTERVAL: _interval, CRON: _cron, DATE: _date}
