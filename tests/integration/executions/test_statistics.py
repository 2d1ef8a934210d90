from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.executions import statistics
from apps.executions.models import Execution
from apps.executions.states import Status
from apps.executions.statistics import ExecutionStats, execution_stats
from tests.factories import make_action, make_execution
from tests.people import People

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("fresh")


def ended(status: Status, *, after_s: float = 1.0, at: datetime = NOON, **fields: Any) -> Execution:
    return make_execution(status=status, started_at=at - timedelta(seconds=after_s), ended_at=at, **fields)


def stats(since: datetime = NOON - DAY, until: datetime = NOON + DAY) -> ExecutionStats:
    return execution_stats(Execution.objects.all(), since=since, until=until)


def test_nothing_ended_and_nothing_lives() -> None:
    found = stats()
    assert set(found.by_status.values()) == {0}
    assert set(found.by_status) == {status.value for status in Status}
    assert (found.ended, found.failed, found.failure_rate, found.p50_s, found.p95_s) == (0, 0, None, None, None)
    assert (found.actions, found.slowest) == ([], [])


def test_live_ones_count_as_of_now_and_ended_ones_by_their_end() -> None:
    make_execution(status=Status.RUNNING, started_at=NOON - 9 * DAY)
    make_execution(status=Status.SCHEDULED)
    ended(Status.SUCCEEDED)
    ended(Status.SUCCEEDED, at=NOON - DAY)
    ended(Status.SUCCEEDED, at=NOON - 2 * DAY)
    ended(Status.SUCCEEDED, at=NOON + DAY)
    found = stats()
    assert {name: count for name, count in found.by_status.items() if count} == {
        "running": 1, "scheduled": 1, "succeeded": 2,
    }  # fmt: skip
    assert found.ended == 2
    assert found.covers_since == found.since


def test_the_failure_rate_leaves_out_what_somebody_canceled() -> None:
    for status in (Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT, Status.ABANDONED, Status.CANCELED):
        ended(status)
    found = stats()
    assert (found.ended, found.failed, found.failure_rate) == (5, 3, 0.75)


def test_percentiles_and_the_slowest_actions() -> None:
    quick, slow = make_action("quick"), make_action("slow")
    for seconds in range(1, 11):
        ended(Status.SUCCEEDED, after_s=seconds, action=quick)
    ended(Status.FAILED, after_s=100, action=slow)
    found = stats()
    assert (found.p50_s, found.p95_s) == (6.0, 55.0)
    assert [(item.action, item.ended, item.failed, item.p50_s) for item in found.actions] == [
        (quick.ref, 10, 0, 5.5), (slow.ref, 1, 1, 100.0),
    ]  # fmt: skip
    assert [(item.action, item.p95_s) for item in found.slowest] == [(slow.ref, 100.0), (quick.ref, 9.55)]


def test_what_never_ran_counts_but_has_no_duration() -> None:
    make_execution(status=Status.CANCELED, ended_at=NOON)
    found = stats()
    assert (found.ended, found.p50_s, found.failure_rate) == (1, None, None)
    assert found.actions[0].p95_s is None
    assert found.slowest == []


def test_only_rows_that_were_given_are_counted(people: People) -> None:
    ended(Status.SUCCEEDED, requested_by_id=people.owner.pk)
    ended(Status.FAILED, requested_by_id=people.teammate.pk)
    mine = execution_stats(Execution.objects.visible_to(people.owner), since=NOON - DAY, until=NOON + DAY)
    assert (mine.by_status["succeeded"], mine.by_status["failed"], mine.ended) == (1, 0, 1)


def test_of_very_many_the_newest_are_counted_and_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_COUNTED", 3)
    for hours in range(5):
        ended(Status.SUCCEEDED, at=NOON - timedelta(hours=hours))
    found = stats()
    assert found.ended == 3
    assert found.covers_since == NOON - timedelta(hours=2)


def test_the_number_of_queries_is_constant() -> None:
    for count in (1, 20):
        for _ in range(count):
            ended(Status.SUCCEEDED, action=make_action())
        with CaptureQueriesContext(connection) as captured:
            stats()
        assert len(captured) == 3
