"""Cron in fields, as StackStorm's rules have it (`hour: 3, day_of_week: mon-fri`), said as one cron expression.

StackStorm hands its fields to APScheduler, whose rules hold here. Fields coarser than the finest one given are `*`,
finer ones are at their least: an `hour` alone means its minute 0. Monday is 0. `day: 2nd mon`, `last` and `last fri`
are known.
"""

import re
from collections.abc import Mapping

from apps.core.types import JsonValue

#: Coarsest first.
NAMES = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
_LEAST = {"month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0"}
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ORDINALS = ("1ST", "2ND", "3RD", "4TH", "5TH")

_LONGEST = 100
_PART = re.compile(r"(?P<first>\*|[0-9]{1,2}|[A-Z]{3})(-(?P<last>[0-9]{1,2}|[A-Z]{3}))?(/(?P<step>[0-9]{1,3}))?")
_NTH_WEEKDAY = re.compile(r"(?P<nth>1ST|2ND|3RD|4TH|5TH|LAST) +(?P<weekday>[A-Z]{3})")


class NotCron(ValueError):
    """A field means nothing, or nothing that one cron expression can say."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def expression_of(given: Mapping[str, JsonValue]) -> str:
    """`given` has some of `NAMES`. Raises `NotCron`."""
    texts = _complete({name: str(value).strip().upper() for name, value in given.items()})
    for name in ("year", "week"):
        if texts[name] != "*":
            raise NotCron(name, f"a cron timer cannot be told a {name}; use core.date, or a criterion of the rule")
    day, weekday = _days(texts["day"], texts["day_of_week"])
    minute, hour, month = (_field(name, texts[name]) for name in ("minute", "hour", "month"))
    expression = f"{minute} {hour} {day} {month} {weekday}"
    # Without seconds, a fixed time of day keeps its rule for when clocks change.
    return expression if texts["second"] == "0" else f"{_field('second', texts['second'])} {expression}"


def _complete(given: Mapping[str, str]) -> dict[str, str]:
    finest = max(NAMES.index(name) for name in given)
    return {
        name: given.get(name, "*" if position < finest else _LEAST.get(name, "*"))
        for position, name in enumerate(NAMES)
    }


def _days(day: str, weekday: str) -> tuple[str, str]:
    """The fields day and weekday. StackStorm wants both to fit; where cron would take either, it cannot be said."""
    nth = [_NTH_WEEKDAY.fullmatch(part.strip()) for part in day.split(",")]
    if any(nth):
        if weekday != "*":
            raise NotCron("day_of_week", "day names a weekday already")
        if not all(nth):
            raise NotCron("day", "days of the month and n-th weekdays cannot be mixed")
        return "*", ",".join(_nth_weekday(match) for match in nth if match)
    if day != "*" and weekday != "*":
        raise NotCron("day_of_week", "a timer takes day or day_of_week, and not both; use a criterion of the rule")
    return ("L" if day == "LAST" else _field("day", day)), _weekdays(weekday)


def _nth_weekday(match: "re.Match[str]") -> str:
    weekday = match["weekday"]
    if weekday not in _WEEKDAYS:
        raise NotCron("day", f"{weekday.lower()} is no weekday; they are mon, tue, wed, thu, fri, sat, sun")
    if match["nth"] == "LAST":
        return f"{_WEEKDAYS.index(weekday) + 1}L"
    return f"{weekday}#{_ORDINALS.index(match['nth']) + 1}"


def _weekdays(text: str) -> str:
    """By name: here Monday is 0, in cron it is 1."""
    if text == "*":
        return text
    found: list[str] = []
    for part in _parts("day_of_week", text):
        begin = 0 if part["first"] == "*" else _weekday(part["first"])
        is_open = part["first"] == "*" or (part["step"] and not part["last"])
        end = 6 if is_open else _weekday(part["last"] or part["first"])
        if end < begin or part["step"] in ("0", "00", "000"):
            raise NotCron("day_of_week", f"{text.lower()!r} cannot be")
        found += _WEEKDAYS[begin : end + 1 : int(part["step"] or 1)]
    return ",".join(dict.fromkeys(found))


def _weekday(text: str) -> int:
    if text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    if text.isdigit() and int(text) < 7:
        return int(text)
    raise NotCron("day_of_week", f"{text.lower()} is no weekday; they are mon … sun, or 0 (Monday) … 6")


def _field(name: str, text: str) -> str:
    _parts(name, text)
    return re.sub(r"\s+", "", text)


def _parts(name: str, text: str) -> "list[re.Match[str]]":
    """Raises `NotCron` for what is no list of `*`, `a`, `a-b`, each with a step or not."""
    matches = [_PART.fullmatch(part.strip()) for part in text.split(",")] if len(text) <= _LONGEST else [None]
    found = [match for match in matches if match]
    words = {word for match in found for word in (match["first"], match["last"]) if word and word.isalpha()}
    known = _WEEKDAYS if name == "day_of_week" else _MONTHS if name == "month" else ()
    if len(found) < len(matches) or not words <= set(known):
        raise NotCron(name, f"{text.lower()[:_LONGEST]!r} cannot be: *, */5, 3, 1-5, 1-9/2 and lists of them can")
    return found
