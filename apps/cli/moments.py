"""Durations and moments as people type them: `90`, `10m`, `1h30m`; `2h` ago; `2026-01-31T12:00`."""

import re
from datetime import UTC, datetime, timedelta

from apps.cli.errors import UsageError

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.ASCII)
_SECONDS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def duration_s(text: str, *, option: str) -> float:
    """Seconds. Raises `UsageError` naming `option`."""
    word = text.strip().lower()
    if _SECONDS.fullmatch(word):
        return float(word)
    if _DURATION.fullmatch(word):
        return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(word))
    raise UsageError(f"{option}: {text!r} is no duration; give seconds, or 10m, 1h30m, 2d")


def moment_ago(text: str, *, option: str, now: datetime) -> str:
    """An ISO moment in UTC; a duration means so long before `now`. Raises `UsageError`."""
    return _moment(text, option=option, now=now, direction=-1)


def moment_ahead(text: str, *, option: str, now: datetime) -> str:
    """An ISO moment in UTC; a duration means so long after `now`. Raises `UsageError`."""
    return _moment(text, option=option, now=now, direction=1)


def _moment(text: str, *, option: str, now: datetime, direction: int) -> str:
    word = text.strip()
    try:
        if _DURATION.fullmatch(word.lstrip("+-").lower()):
            moment = now + direction * timedelta(seconds=duration_s(word.lstrip("+-"), option=option))
        else:
            # Without a zone it is the time of the clock on the wall: `astimezone` takes it as local.
            moment = datetime.fromisoformat(word).astimezone()
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        expected = "10m, 2h, 3d, or 2026-01-31T12:00 (your time zone unless it says another)"
        raise UsageError(f"{option}: {text!r} is no moment; give {expected}") from error
