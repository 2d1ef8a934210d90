from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.triggers.timers.schedule import Cron, Date, Interval, Schedule, newest

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

_moments = st.integers(1_577_836_800_000, 2_051_222_400_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
_zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Santiago"])
_expressions = st.sampled_from([
    "* * * * *", "*/7 * * * *", "30 2 * * *", "0,30 1-3 * * *", "0 */2 * * *", "15 * * * 1-5", "0 0 1 * *",
    "0 4 L * *", "0 9 * * MON#1", "*/10 * * * * *", "0 0 0 * * SUN", "5 0 * 2,7 *", "0 0 29 2 *",
])  # fmt: skip
_schedules: "st.SearchStrategy[Schedule]" = st.one_of(
    st.builds(Interval, _moments, st.timedeltas(timedelta(seconds=1), timedelta(days=400))),
    st.builds(lambda expression, zone: Cron(expression, ZoneInfo(zone)), _expressions, _zones),
    st.builds(Date, _moments),
)


def first(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    return list(islice(schedule.times(after), count))


def local(times: Iterator[datetime] | list[datetime], zone: str) -> list[str]:
    return [time.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z") for time in times]


@given(_schedules, _moments)
def test_times_ascend_and_are_later_than_asked(schedule: Schedule, after: datetime) -> None:
    times = first(schedule, after, 5)
    assert [after, *times] == sorted({after, *times})
    assert all(time.tzinfo is UTC for time in times)


@given(_schedules, _moments)
def test_asked_anew_from_a_time_it_goes_on_with_the_next(schedule: Schedule, after: datetime) -> None:
    times = first(schedule, after, 5)
    again, moment = [], after
    for _ in times:
        again.append(moment := next(schedule.times(moment)))
    assert again == times


@given(_schedules, _moments, st.timedeltas(timedelta(0), timedelta(days=2)), st.integers(1, 5))
def test_the_newest_are_the_last_of_all_times_between(
    schedule: Schedule, after: datetime, span: timedelta, most: int
) -> None:
    until = after + min(span, timedelta(minutes=30))
    everything = list(takewhile(lambda time: time <= until, schedule.times(after)))
    assert newest(schedule, after=after, until=until, most=most) == everything[-most:]


def test_months_of_missed_seconds_cost_no_more_than_what_is_asked_for() -> None:
    every_second = Cron("* * * * * *", ZoneInfo("Europe/Berlin"))
    begun = NOON - timedelta(days=3650)
    assert newest(every_second, after=begun, until=NOON, most=2) == [NOON - timedelta(seconds=1), NOON]


@given(_moments, st.integers(1, 10**6), st.integers(0, 10**4))
def test_an_interval_is_reckoned_from_its_anchor_however_late_it_is_asked(
    anchor: datetime, seconds: int, number: int
) -> None:
    every = timedelta(seconds=seconds)
    late = anchor + number * every + every / 3
    assert first(Interval(anchor, every), late, 1) == [anchor + (number + 1) * every]


def test_an_interval_with_a_later_anchor_begins_there() -> None:
    assert first(Interval(NOON, timedelta(hours=1)), NOON - timedelta(days=1), 2) == [NOON, NOON + timedelta(hours=1)]


def test_an_interval_ends_with_the_calendar() -> None:
    nearly_over = datetime(9999, 12, 31, tzinfo=UTC)
    assert len(first(Interval(nearly_over, timedelta(hours=10)), nearly_over, 9)) == 2


def test_a_day_of_an_interval_has_24_hours_also_when_clocks_change() -> None:
    before = datetime(2026, 3, 28, 7, tzinfo=ZoneInfo("Europe/Berlin"))
    times = first(Interval(before, timedelta(days=1)), before.astimezone(UTC), 1)
    assert local(times, "Europe/Berlin") == ["29 08:00+0200"]


def test_a_date_is_due_once() -> None:
    assert first(Date(NOON), NOON - timedelta(seconds=1), 2) == [NOON]
    assert first(Date(NOON), NOON, 2) == []


@pytest.mark.parametrize(
    ("zone", "expression", "begin", "expected"),
    [
        # Clocks go forward, 02:00 becomes 03:00: a fixed time in the gap is due right after it.
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00", ["29 03:00+0200", "30 02:30+0200"]),
        ("Europe/Berlin", "0 2 * * *", "2026-03-28T12:00", ["29 03:00+0200", "30 02:00+0200"]),
        ("Europe/Berlin", "0 3 * * *", "2026-03-28T12:00", ["29 03:00+0200", "30 03:00+0200"]),
        ("America/New_York", "30 2 * * *", "2026-03-07T12:00", ["08 03:00-0400", "09 02:30-0400"]),
        # What begins with `*` follows elapsed time through it.
        ("Europe/Berlin", "*/30 * * * *", "2026-03-29T01:20", ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        ("America/New_York", "0 * * * *", "2026-03-08T00:30", ["08 01:00-0500", "08 03:00-0400", "08 04:00-0400"]),
        # With seconds too: what would be in the gap is not due that day.
        ("Europe/Berlin", "0 30 2 * * *", "2026-03-28T12:00", ["30 02:30+0200", "31 02:30+0200"]),
        # Clocks go back, 03:00 becomes 02:00: a fixed time is due the first time it is shown.
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T02:40", ["26 02:30+0100"]),
        ("America/New_York", "30 1 * * *", "2026-10-31T12:00", ["01 01:30-0400", "02 01:30-0500"]),
        # What begins with `*` is due both times.
        ("Europe/Berlin", "0 * * * *", "2026-10-25T01:30", ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]),
        ("America/New_York", "*/30 * * * *", "2026-11-01T01:10",
         ["01 01:30-0400", "01 01:00-0500", "01 01:30-0500", "01 02:00-0500"]),
        # A zone without changes, half an hour off.
        ("Asia/Kolkata", "30 2 * * *", "2026-03-28T12:00", ["29 02:30+0530", "30 02:30+0530"]),
        ("Asia/Kolkata", "0 0 * * *", "2026-10-24T12:00", ["25 00:00+0530", "26 00:00+0530"]),
    ],
)  # fmt: skip
def test_cron_where_clocks_change(zone: str, expression: str, begin: str, expected: list[str]) -> None:
    after = datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert local(first(Cron(expression, ZoneInfo(zone)), after, len(expected)), zone) == expected


def test_the_second_of_two_equal_hours_does_not_bring_back_the_first() -> None:
    zone = ZoneInfo("Europe/Berlin")
    after = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=zone).astimezone(UTC)
    assert local(first(Cron("30 2 * * *", zone), after, 1), "Europe/Berlin") == ["26 02:30+0100"]
