"""Moments in payloads: texts of ISO 8601 or RFC 2822 (without a zone: UTC), or seconds since 1970."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from apps.core.types import JsonValue
from apps.rules.criteria.errors import Mistake

_MAX_CHARS = 64


def seconds_since(value: JsonValue, *, now: datetime) -> float:
    """Seconds from the moment `value` to `now`; negative when it is to come. Raises `Mistake` for no moment."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Mistake("a time is a text of ISO 8601 or a number of seconds since 1970")
    try:
        if isinstance(value, str):
            return (now - _moment(value)).total_seconds()
        return now.timestamp() - value
    except OverflowError as error:
        raise Mistake("the time is out of range") from error


def _moment(text: str) -> datetime:
    if len(text) > _MAX_CHARS:
        raise Mistake("not a time of ISO 8601: too long")
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError) as error:
            raise Mistake("not a time of ISO 8601, such as 2026-11-21T23:00:00Z") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
