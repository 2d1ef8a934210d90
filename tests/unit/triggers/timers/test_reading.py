from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.triggers.timers.reading import CRON, DATE, INTERVAL, InvalidTimer, errors_of, timing_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def times(type_ref: str, parameters: dict[str, Any], count: int = 2) -> list[str]:
    timing = timing_of(type_ref, parameters, anchor=NOW)
    return [time.isoformat() for time in islice(timing.schedule.times(NOW), count)]


def problems(type_ref: str, parameters: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in errors_of(type_ref, parameters, now=NOW)]


def test_an_interval_begins_when_it_is_made() -> None:
    assert times(INTERVAL, {"unit": "minutes", "delta": 90}, 1) == ["2026-03-01T13:30:00+00:00"]


def test_an_interval_begins_at_its_start() -> None:
    start = {"start": "2026-01-01T00:00:30+01:00"}
    assert times(INTERVAL, {"unit": "hours", "delta": 1, **start}, 1) == ["2026-03-01T12:00:30+00:00"]


def test_cron_is_read_in_its_zone() -> None:
    parameters = {"expression": "0 9 * * mon-fri", "timezone": "Asia/Kolkata"}
    assert times(CRON, parameters, 1) == ["2026-03-02T03:30:00+00:00"]


def test_cron_takes_seconds_first() -> None:
    assert times(CRON, {"expression": "*/20 * * * * *"}) == ["2026-03-01T12:00:20+00:00", "2026-03-01T12:00:40+00:00"]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-07-01T09:00:00", "2026-07-01T07:00:00+00:00"),
        ("2026-07-01T09:00:00-04:00", "2026-07-01T13:00:00+00:00"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00+00:00"),  # in the gap: 03:30
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00+00:00"),  # shown twice: the first
    ],
)
def test_a_date_without_an_offset_is_one_of_its_zone(date: str, expected: str) -> None:
    assert times(DATE, {"date": date, "timezone": "Europe/Berlin"}) == [expected]


@pytest.mark.parametrize(
    ("type_ref", "parameters", "expected"),
    [
        (CRON, {"expression": "99 * * * *"}, ("/expression", "not_cron")),
        (CRON, {"expression": "* * * *"}, ("/expression", "not_cron")),
        (CRON, {"expression": ""}, ("/expression", "not_cron")),
        (CRON, {"expression": "*/0 * * * *"}, ("/expression", "not_cron")),
        (CRON, {"expression": "* " * 150}, ("/expression", "too_long")),
        (CRON, {"expression": "0 0 30 2 *"}, ("/expression", "not_cron")),  # 30 February
        (CRON, {"expression": "0 0 */20 * 1L"}, ("/expression", "never")),
        (CRON, {}, ("/expression", "required")),
        (CRON, {"expression": "0 0 * * *", "hour": 3}, ("/hour", "contradiction")),
        (CRON, {"week": 3}, ("/week", "not_cron")),
        (CRON, {"hour": 25}, ("", "not_cron")),
        (CRON, {"expression": "0 0 * * *", "timezone": "Europe/Atlantis"}, ("/timezone", "unknown_timezone")),
        (CRON, {"expression": "0 0 * * *", "timezone": "../../etc/passwd"}, ("/timezone", "unknown_timezone")),
        (CRON, {"expression": "0 0 * * *", "timezone": "Europe"}, ("/timezone", "unknown_timezone")),
        (CRON, {"expression": "0 0 * * *", "timezone": ""}, ("/timezone", "unknown_timezone")),
        (DATE, {"date": "2026-02-28T12:00:00Z"}, ("/date", "past")),
        (DATE, {"date": "2026-02-30T12:00:00Z"}, ("/date", "wrong_format")),
        (DATE, {"date": "tomorrow"}, ("/date", "wrong_format")),
        (DATE, {"date": "9999-12-31T23:59:59-12:00"}, ("/date", "wrong_format")),
        (INTERVAL, {"unit": "weeks", "delta": 10**30}, ("/delta", "too_long")),
        (INTERVAL, {"unit": "weeks", "delta": 600}, ("/delta", "too_long")),
        (INTERVAL, {"unit": "days", "delta": 1, "start": "2026-01-01T00:00:00"}, ("/start", "wrong_format")),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    type_ref: str, parameters: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problems(type_ref, parameters) == [expected]


def test_why_a_cron_expression_cannot_be_is_said_in_words() -> None:
    (error,) = errors_of(CRON, {"expression": "99 * * * *"}, now=NOW)
    assert error.detail == "'99 * * * *' is no cron expression: its minute cannot be"


def test_wrong_parameters_raise_their_errors() -> None:
    with pytest.raises(InvalidTimer) as raised:
        timing_of(CRON, {"expression": "99 * * * *"}, anchor=NOW)
    assert [error.pointer for error in raised.value.errors if hasattr(error, "pointer")] == ["/expression"]


def test_policy_jitter_and_seed_are_taken_over() -> None:
    parameters = {"unit": "hours", "delta": 1, "misfire": "catch_up", "catch_up_max": 7, "jitter_s": 2.5}
    timing = timing_of(INTERVAL, parameters, anchor=NOW, seed="seed")
    assert (timing.misfire, timing.catch_up_max, timing.jitter) == ("catch_up", 7, timedelta(seconds=2.5))


_words = st.lists(st.from_regex(r"[0-9*/,#L\-WAUGSNMO²]{1,8}", fullmatch=True), min_size=4, max_size=7)


@given(st.one_of(st.text(max_size=30), _words.map(" ".join)))
def test_whatever_the_expression_is_it_is_judged(expression: str) -> None:
    list(errors_of(CRON, {"expression": expression, "timezone": "Europe/Berlin"}, now=NOW))


@given(st.text(max_size=30))
def test_whatever_a_zone_or_a_moment_is_called_it_is_judged(text: str) -> None:
    list(errors_of(CRON, {"expression": "0 0 * * *", "timezone": text}, now=NOW))
    list(errors_of(DATE, {"date": text}, now=NOW))
