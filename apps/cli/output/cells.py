"""How values read in tables: ages, durations, sizes, states. Pure."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from apps.cli.output.terminal import harmless


class Cell(NamedTuple):
    """`style` is Rich's: `green`, `bold`, `dim`."""

    text: str
    style: str = ""


_GREEN = frozenset({"succeeded", "ready", "active", "ok", "yes"})
_RED = frozenset({"failed", "timeout", "abandoned", "lost", "unavailable", "pending migrations", "away"})
_YELLOW = frozenset({"requested", "delayed", "canceled", "pending", "outdated", "draining", "cordoned", "degraded"})
_CYAN = frozenset({"scheduled", "running", "canceling", "building"})
_STYLES = {"green": _GREEN, "red": _RED, "yellow": _YELLOW, "cyan": _CYAN}


def plain(value: Any) -> Cell:
    """Text as it is, nothing as nothing, lists joined, anything else as JSON; on one line."""
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Cell(harmless(" ".join(text.split())))


def strong(value: Any) -> Cell:
    return Cell(plain(value).text, "bold")


def status(value: str | None) -> Cell:
    text = plain(value).text
    return Cell(text, next((style for style, words in _STYLES.items() if text in words), ""))


def yes_no(value: bool | None) -> Cell:
    """Only the exception is coloured."""
    return Cell("") if value is None else Cell("yes") if value else Cell("no", "yellow")


def seconds(value: float | None) -> Cell:
    return Cell("" if value is None else duration_text(value))


def duration_text(value: float) -> str:
    """`0.64s`, `12.3s`, `3m05s`, `2h10m`, `4d3h`."""
    if value < 10:
        return f"{value:.2f}s"
    if value < 59.95:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def age(moment: str | None, *, now: datetime) -> Cell:
    """`12s`, `5m`, `3h`, `2d`: how long ago."""
    if moment is None:
        return Cell("")
    passed = _seconds_since(moment, now)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if passed >= 2 * length:
            return Cell(f"{passed // length}{unit}")
    return Cell(f"{passed}s")


def moment(value: str | None) -> Cell:
    """In the user's time zone, which it names."""
    return Cell("" if value is None else f"{_parse(value).astimezone():%Y-%m-%d %H:%M:%S %Z}")


def precise_moment(value: str | None) -> Cell:
    """To the millisecond: what happens one after the other is told apart."""
    return Cell("" if value is None else moment_text(_parse(value)))


def moment_text(value: datetime) -> str:
    """`2026-01-31 12:00:00.123 CET`, in the user's time zone."""
    local = value.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03} {local:%Z}"


def size(value: int | None) -> Cell:
    if value is None:
        return Cell("")
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return Cell(f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}")


def block(value: Any) -> Cell:
    """Over several lines: JSON indented, text as it is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return Cell(harmless(text.rstrip()))


def _seconds_since(moment: str, now: datetime) -> int:
    # The clocks of two hosts may differ by a little.
    return max(0, int((now - _parse(moment)).total_seconds()))


def _parse(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
