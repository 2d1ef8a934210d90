from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.redis import RedisAway
from apps.executions import lines
from apps.executions.due import bring_on_due
from apps.executions.models import Execution, Policy
from apps.executions.reconcile import reconcile_lines
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


def test_what_ran_on_a_silent_worker_goes_back_to_its_place_and_counts_a_loss(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    worker = make_worker("tom")
    claimed(first, worker)
    silence(worker)
    end_lost()
    first.refresh_from_db()
    assert (first.status, first.attempt, first.losses, first.retries) == ("scheduled", 2, 1, 0)
    assert status_of(second) == "delayed"
    lost = first.history.get(status="requested", attempt=1, reason__isnull=False)
    assert lost.reason is not None
    assert (lost.reason["code"], lost.reason["worker"]) == ("worker_lost", "tom")


def test_several_of_one_line_keep_their_order_among_themselves(people: People) -> None:
    rows = ask(people, make_action(concurrency={"limit": 3}), count=5)
    worker = make_worker()
    held = [claimed(row, worker) for row in rows[:3]]
    Policy.objects.update(limit_override=1, limit_version=5)
    lines.set_limits([lines.limit_of(Policy.objects.get())], gates=[])
    silence(worker)
    end_lost()
    assert [status_of(row) for row in rows] == ["scheduled", "delayed", "delayed", "delayed", "delayed"]
    assert list(lines.slots().line(held[0].gate_id or 0, most=-1)) == [row.pk for row in rows[1:]]


def test_one_without_a_gate_is_due_at_once(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    claimed(execution, worker)
    silence(worker)
    end_lost()
    bring_on_due()
    execution.refresh_from_db()
    assert (execution.status, execution.attempt) == ("scheduled", 2)


def test_an_action_that_says_so_is_not_run_again(people: People) -> None:
    (execution,) = ask(people, make_action(on_lost="fail"))
    worker = make_worker()
    claimed(execution, worker)
    silence(worker)
    end_lost()
    assert status_of(execution) == "abandoned"


def test_the_fourth_loss_is_the_last(people: People) -> None:
    (execution,) = ask(people)
    for losses in (1, 2, 3):
        worker = make_worker()
        claimed(execution, worker)
        silence(worker)
        end_lost()
        bring_on_due()
        execution.refresh_from_db()
        assert (execution.status, execution.losses, execution.attempt) == ("scheduled", losses, losses + 1)
    worker = make_worker()
    claimed(execution, worker)
    silence(worker)
    end_lost()
    assert status_of(execution) == "abandoned"


def test_while_redis_is_away_it_waits_with_its_number_and_the_sweep_puts_it_back(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    worker = make_worker()
    claimed(first, worker)
    silence(worker)
    with monkeypatch.context() as away:
        away.setattr(lines, "enter", raise_redis_away)
        end_lost()
    assert status_of(first) == "requested"
    reconcile_lines()
    assert (status_of(first), status_of(second)) == ("scheduled", "delayed")


def raise_redis_away(*args: object, **kwargs: object) -> None:
    raise RedisAway


def test_what_ran_on_a_silent_worker_and_may_not_go_back_is_abandoned_with_its_name(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}, on_lost="fail"), count=2)
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
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() + timedelta(minutes=5))
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
    assert status_of(execution) == "requested"


def test_what_a_dead_sweep_left_is_found_by_the_next(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    claimed(execution, worker)
    Worker.objects.filter(pk=worker.pk).update(status="lost")
    end_lost()
    assert status_of(execution) == "requested"


def test_each_loss_is_told_once_however_many_sweep(people: People) -> None:
    worker = make_worker()
    rows = ask(people, count=20)
    for row in rows:
        claimed(row, worker)
    silence(worker)
    race(4, lambda _: end_lost())
    assert {status_of(row) for row in rows} == {"requested"}
    assert all(row.history.filter(status="requested").count() == 1 for row in rows)
    assert set(Execution.objects.values_list("attempt", "losses")) == {(2, 1)}


def test_nobody_is_called_lost_right_after_the_server_started(people: People, settings: object) -> None:
    settings.ATTUNE_LOST_AFTER_S = 86_400.0  # type: ignore[attr-defined]
    worker = make_worker()
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() - timedelta(days=30))
    end_lost()
    worker.refresh_from_db()
    assert worker.status == "active"
