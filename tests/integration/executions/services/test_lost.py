from datetime import timedelta

import pytest
from django.utils import timezone

from apps.executions.models import Execution
from apps.executions.services.lost import end_lost
from apps.executions.transitions import StaleTransition
from apps.workers.models import Worker
from tests.asking import ask
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, end, status_of
from tests.threads import race

pytestmark = pytest.mark.usefixtures("old_server")


@pytest.fixture
def old_server(settings: object) -> None:
    """The suite's PostgreSQL has only just started; whatever is younger than it cannot be called lost."""
    settings.ATTUNE_LOST_AFTER_S = 0.2  # type: ignore[attr-defined]


def silence(worker: Worker) -> None:
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() - timedelta(minutes=5))


def test_what_ran_on_a_silent_worker_is_abandoned_with_its_name(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    worker = make_worker("tom")
    claimed(first, worker)
    silence(worker)
    end_lost()
    first.refresh_from_db()
    worker.refresh_from_db()
    assert worker.status == "lost"
    assert first.status == "abandoned"
    assert first.reason["code"] == "worker_lost"  # type: ignore[index]
    assert first.reason["worker"] == "tom"  # type: ignore[index]
    assert first.error["type"] == "worker_lost"  # type: ignore[index]
    assert status_of(second) == "scheduled"


def test_one_that_was_being_canceled_ends_canceled(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    claimed(execution, worker)
    Execution.objects.filter(pk=execution.pk).update(status="canceling")
    silence(worker)
    end_lost()
    assert status_of(execution) == "canceled"


def test_a_worker_that_beats_keeps_what_it_runs(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    claimed(execution, worker)
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() + timedelta(seconds=5))
    end_lost()
    assert status_of(execution) == "running"


def test_what_nobody_had_claimed_goes_on_by_itself(people: People) -> None:
    (execution,) = ask(people)
    silence(make_worker())
    end_lost()
    assert status_of(execution) == "scheduled"


def test_the_late_report_of_a_worker_called_lost_is_worth_nothing(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    held = claimed(execution, worker)
    silence(worker)
    end_lost()
    with pytest.raises(StaleTransition):
        end(held)
    assert status_of(execution) == "abandoned"


def test_what_a_dead_sweep_left_is_found_by_the_next(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    claimed(execution, worker)
    Worker.objects.filter(pk=worker.pk).update(status="lost")
    end_lost()
    assert status_of(execution) == "abandoned"


def test_each_loss_is_told_once_however_many_sweep(people: People) -> None:
    worker = make_worker()
    rows = ask(people, count=20)
    for row in rows:
        claimed(row, worker)
    silence(worker)
    race(4, lambda _: end_lost())
    assert {status_of(row) for row in rows} == {"abandoned"}
    assert all(row.history.filter(status="abandoned").count() == 1 for row in rows)


def test_nobody_is_called_lost_right_after_the_server_started(people: People, settings: object) -> None:
    settings.ATTUNE_LOST_AFTER_S = 86_400.0  # type: ignore[attr-defined]
    worker = make_worker()
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() - timedelta(days=30))
    end_lost()
    worker.refresh_from_db()
    assert worker.status == "active"
