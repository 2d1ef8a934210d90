"""Ids of a period: never too few, found without a look at what lies outside."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.executions.models import Execution
from apps.executions.moments import ids_between
from tests.factories import make_execution

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def made_every_hour(count: int) -> list[int]:
    """Ids with gaps between them, the first from noon."""
    ids = [make_execution().pk for _ in range(3 * count)]
    Execution.objects.filter(pk__in=[pk for at, pk in enumerate(ids) if at % 3]).delete()
    for hour, pk in enumerate(ids[::3]):
        Execution.objects.filter(pk=pk).update(created_at=NOON + timedelta(hours=hour))
    return ids[::3]


def test_every_period_holds_what_was_asked_for_in_it(fresh: None) -> None:
    """Its borders lie half an hour from everything, farther than the room left around them."""
    ids = made_every_hour(9)
    for begin in range(-1, 10):
        for length in range(1, 11):
            since = NOON + timedelta(hours=begin - 0.5)
            first, end = ids_between(since, since + timedelta(hours=length))
            assert first is not None
            assert end is not None
            wanted = [pk for hour, pk in enumerate(ids) if begin <= hour < begin + length]
            assert [pk for pk in ids if first <= pk < end] == wanted


def test_open_ends_are_none_and_both_take_one_query(fresh: None) -> None:
    ids = made_every_hour(3)
    assert ids_between(None, None) == (None, None)
    assert ids_between(None, NOON + timedelta(hours=1))[0] is None
    assert ids_between(NOON + timedelta(days=9), None) == (ids[-1] + 1, None)
    with CaptureQueriesContext(connection) as captured:
        ids_between(NOON, NOON)
    assert len(captured) == 1


def test_statements_that_ran_side_by_side_are_found_too(fresh: None) -> None:
    ids = made_every_hour(5)
    late = NOON + timedelta(hours=2, minutes=5)
    Execution.objects.filter(pk=ids[1]).update(created_at=late)
    first, _ = ids_between(NOON + timedelta(hours=2), None)
    assert first is not None
    assert Execution.objects.filter(pk__gte=first, created_at=late).exists()


def test_nothing_has_run_yet(fresh: None) -> None:
    assert ids_between(NOON, NOON) == (1, 1)


def test_the_first_and_last_minutes_of_the_calendar_are_moments_too(fresh: None) -> None:
    make_execution()
    assert Execution.objects.asked_between(datetime.min.replace(tzinfo=UTC), None).count() == 1
    assert Execution.objects.asked_between(None, datetime.max.replace(tzinfo=UTC)).count() == 1
    assert Execution.objects.asked_between(datetime.max.replace(tzinfo=UTC), None).count() == 0
