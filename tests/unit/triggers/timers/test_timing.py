from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.triggers.timers.schedule import Cron, Date, Interval
from apps.triggers.timers.timing import Misfire, Round, Tick, Timing
from tests.unit.triggers.timers.judging import unhurried

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
EVERY_MINUTE = Cron("* * * * *", ZoneInfo("UTC"))


def minutes(*numbers: int) -> list[datetime]:
    return [NOON + number * MINUTE for number in numbers]


def at(number: int) -> Tick:
    return Tick(NOON + number * MINUTE, NOON + number * MINUTE)


@pytest.mark.parametrize("misfire", Misfire)
def test_what_is_due_fires_and_the_next_time_follows(misfire: Misfire) -> None:
    timing = Timing(EVERY_MINUTE, misfire=misfire)
    assert timing.round(NOON, now=NOON + SECOND) == Round(minutes(0), 0, at(1))


@pytest.mark.parametrize("misfire", Misfire)
def test_a_hiccup_loses_no_time_whatever_the_policy(misfire: Misfire) -> None:
    timing = Timing(Interval(NOON, 10 * SECOND), misfire=misfire)
    found = timing.round(NOON, now=NOON + 45 * SECOND)
    assert (len(found.fire), found.missed) == (5, 0)


@pytest.mark.parametrize(
    ("misfire", "fire", "missed"),
    [
        (Misfire.SKIP, minutes(10), 10),  # which is not missed: it is only just due
        (Misfire.FIRE_ONCE, minutes(10), 10),
        (Misfire.CATCH_UP, minutes(8, 9, 10), 8),
    ],
)
def test_after_an_outage_the_policy_holds(misfire: Misfire, fire: list[datetime], missed: int) -> None:
    timing = Timing(EVERY_MINUTE, misfire=misfire, catch_up_max=3)
    assert timing.round(NOON, now=NOON + 10 * MINUTE + SECOND) == Round(fire, missed, at(11))


def test_skip_fires_nothing_that_is_late() -> None:
    timing = Timing(Cron("0 * * * *", ZoneInfo("UTC")), misfire=Misfire.SKIP)
    found = timing.round(NOON, now=NOON + 130 * MINUTE)
    assert found == Round([], 3, Tick(NOON + timedelta(hours=3), NOON + timedelta(hours=3)))


def test_a_date_that_was_missed_still_fires_once_unless_it_is_to_be_skipped() -> None:
    late = NOON + timedelta(days=3)
    assert Timing(Date(NOON)).round(NOON, now=late) == Round([NOON], 0, None)
    assert Timing(Date(NOON), misfire=Misfire.SKIP).round(NOON, now=late) == Round([], 1, None)


def test_missed_times_are_counted_up_to_a_thousand() -> None:
    timing = Timing(Interval(NOON, SECOND), misfire=Misfire.FIRE_ONCE)
    found = timing.round(NOON, now=NOON + timedelta(days=365))
    assert (found.missed, found.fire) == (1000, [NOON + timedelta(days=365)])


@unhurried
@given(st.integers(1, 10**6), st.integers(0, 10**6), st.sampled_from(Misfire), st.integers(1, 20))
def test_every_time_up_to_now_is_fired_or_counted_and_the_next_is_later(
    every: int, late: int, misfire: Misfire, most: int
) -> None:
    timing = Timing(Interval(NOON, every * SECOND), misfire=misfire, catch_up_max=most)
    now = NOON + late * SECOND
    found = timing.round(NOON, now=now)
    due = late // every + 1
    assert len(found.fire) + found.missed == min(due, 1000 + len(found.fire))
    assert found.next is not None
    assert found.next.scheduled_for == NOON + due * every * SECOND


@unhurried
@given(st.text(max_size=20), st.integers(1, 10**4), st.integers(0, 10**5))
def test_jitter_delays_and_keeps_the_order(seed: str, every: int, jitter: int) -> None:
    timing = Timing(Interval(NOON, every * SECOND), jitter=jitter * SECOND, seed=seed)
    moment, fired = NOON, [NOON]
    for number in range(1, 6):
        tick = timing.next(moment)
        assert tick is not None
        assert tick.scheduled_for == NOON + number * every * SECOND
        assert tick.scheduled_for <= tick.fire_at <= tick.scheduled_for + jitter * SECOND
        assert tick.fire_at >= fired[-1]
        fired.append(tick.fire_at)
        moment = tick.scheduled_for


def test_jitter_is_the_same_for_every_scheduler_and_differs_between_timers() -> None:
    ticks = {Timing(EVERY_MINUTE, jitter=30 * SECOND, seed=seed).next(NOON) for seed in ("one", "one", "two", "three")}
    assert len(ticks) == 3


def test_jitter_ends_with_the_calendar() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert Timing(Date(last), jitter=3600 * SECOND, seed="seed").next(NOON) == Tick(last, last)


def test_a_time_whose_jitter_is_not_over_comes_next() -> None:
    timing = Timing(EVERY_MINUTE, jitter=50 * SECOND, seed="seed")
    due = timing.next(NOON)
    assert due is not None
    found = timing.round(NOON + MINUTE, now=due.fire_at - timedelta(milliseconds=1))
    assert (found.fire, found.next) == ([], due)
    assert timing.round(NOON + MINUTE, now=due.fire_at).fire == [due.scheduled_for]


def test_a_time_whose_jitter_is_not_over_is_not_skipped_as_missed() -> None:
    hourly = Timing(Cron("0 * * * *", ZoneInfo("UTC")), misfire=Misfire.SKIP, jitter=timedelta(hours=1), seed="seed")
    due = hourly.next(NOON)
    assert due is not None
    assert due.fire_at - due.scheduled_for > 10 * MINUTE
    found = hourly.round(NOON - timedelta(hours=3), now=due.fire_at - MINUTE)
    assert (found.fire, found.missed, found.next) == ([], 4, due)
