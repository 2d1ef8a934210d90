"""Amounts as people read them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.executions.models import Execution

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_UNITS = ("B", "KB", "MB", "GB", "TB")


def duration(seconds: float | None) -> str:
    """`12 ms`, `3.4 s`, `2 min 5 s`, `1 h 3 min`, `2 d 4 h`; a dash where there is none."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, name, lower, lower_name in (
        (_DAY_S, "d", _HOUR_S, "h"),
        (_HOUR_S, "h", _MINUTE_S, "min"),
        (_MINUTE_S, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // lower
            return f"{whole // unit} {name}" + (f" {rest} {lower_name}" if rest else "")
    raise AssertionError


def attempt(execution: "Execution") -> str:
    """`2`; `2 of 3` where there may be several tries; `4, try 2 of 3` where some were cut off, which uses up no try."""
    tried = execution.retries + 1
    if tried != execution.attempt:
        tries = f", try {tried} of {execution.max_attempts}" if execution.max_attempts > 1 else ""
        return f"{execution.attempt}{tries}"
    return f"{execution.attempt} of {execution.max_attempts}" if execution.max_attempts > 1 else str(execution.attempt)


def size(count: float | None) -> str:
    """`512 B`, `1.5 MB`; decimal units; a dash where there is none."""
    if count is None:
        return "-"
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError
