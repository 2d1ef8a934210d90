"""Durations and moments as people type them."""

from datetime import UTC, datetime

import pytest

from apps.cli.errors import UsageError
from apps.cli.moments import duration_s, moment_ago, moment_ahead

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("0.5", 0.5), ("10m", 600), ("1h30m", 5400), ("2D", 172800), (" 5s ", 5)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert duration_s(text, option="--timeout") == seconds


@pytest.mark.parametrize("text", ["", "x", "5y", "-5", "1h-3m", "\u0665", "1e3"])
def test_what_is_no_duration_is_refused_naming_the_option(text: str) -> None:
    with pytest.raises(UsageError, match="--timeout"):
        duration_s(text, option="--timeout")


def test_a_duration_is_so_long_ago_or_ahead() -> None:
    assert moment_ago("2h", option="--since", now=NOW) == "2026-01-31T10:00:00Z"
    assert moment_ahead("1d", option="--not-before", now=NOW) == "2026-02-01T12:00:00Z"


def test_a_moment_with_a_zone_is_that_moment() -> None:
    assert moment_ago("2026-01-31T12:00:00+02:00", option="--since", now=NOW) == "2026-01-31T10:00:00Z"


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "99999999d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        moment_ago(text, option="--since", now=NOW)
