import contextlib
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.core.redis import breaker
from apps.executions import lines
from apps.executions.due import bring_on_due
from apps.executions.models import Execution
from apps.executions.services.building import building_told
from apps.executions.services.cancel import AlreadyEnded, UnknownExecution, cancel_execution
from apps.executions.services.lost import end_lost
from apps.executions.slots.protocol import Counts
from apps.executions.states import TERMINAL, Status
from apps.executions.transitions import claim
from apps.workers.models import Worker
from tests.asking import ask
from tests.factories import make_action, make_execution, make_worker
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of
from tests.threads import race


def test_what_waits_is_canceled_at_once_and_says_by_whom(people: People) -> None:
    (execution,) = ask(people)
    canceled = cancel_execution(people.owner, execution.pk)
    assert canceled.status == "canceled"
    assert canceled.reason == {"code": "canceled", "text": "canceled by owner", "by": "owner"}


def test_cancel_from_the_middle_of_a_line_lets_the_others_keep_their_order(people: People) -> None:
    rows = ask(people, make_action(concurrency={"limit": 1}), count=5)
    cancel_execution(people.owner, rows[2].pk)
    gate = rows[0].gate_id or 0
    assert list(lines.slots().line(gate, most=10)) == [rows[1].pk, rows[3].pk, rows[4].pk]
    cancel_execution(people.owner, rows[0].pk)
    assert [status_of(row) for row in rows] == ["canceled", "scheduled", "canceled", "delayed", "delayed"]


def test_what_runs_is_canceling_until_its_process_is_gone(people: People) -> None:
    (execution,) = ask(people)
    held = claimed(execution, make_worker())
    assert cancel_execution(people.owner, execution.pk).status == "canceling"
    end(held, Status.CANCELED)
    assert status_of(execution) == "canceled"


def test_canceling_twice_is_no_error(people: People) -> None:
    (execution,) = ask(people)
    claimed(execution, make_worker())
    cancel_execution(people.owner, execution.pk)
    assert cancel_execution(people.owner, execution.pk).status == "canceling"


@pytest.mark.parametrize("ended", sorted(TERMINAL))
def test_cancel_of_a_finished_execution_leaves_it_finished(people: People, ended: Status) -> None:
    execution = make_execution(status=ended, requested_by_id=people.owner.pk)
    with pytest.raises(AlreadyEnded):
        cancel_execution(people.owner, execution.pk)
    assert status_of(execution) == ended


def test_a_teammate_cannot_cancel_and_an_administrator_can(people: People) -> None:
    (execution,) = ask(people)
    with pytest.raises(UnknownExecution):
        cancel_execution(people.teammate, execution.pk)
    assert cancel_execution(people.administrator, execution.pk).status == "canceled"


def test_cancel_with_redis_away_is_done_all_the_same(people: People) -> None:
    rows = ask(people, make_action(concurrency={"limit": 1}), count=2)
    keep_redis_away()
    cancel_execution(people.owner, rows[1].pk)
    breaker.reset()
    assert status_of(rows[1]) == "canceled"


def test_what_waits_in_line_for_its_time_or_for_another_try_is_canceled_at_once(people: People) -> None:
    retry = {"max_attempts": 3, "backoff": "constant", "delay_s": 300}
    action = make_action(concurrency={"limit": 1}, retry=retry)
    failing, waiting = ask(people, action, count=2)
    end(claimed(failing, make_worker()), Status.FAILED)
    (later,) = ask(people, action, not_before=timezone.now() + timedelta(hours=1))
    (delayed,) = ask(people, action)
    rows = [failing, waiting, later, delayed]
    assert [status_of(row) for row in rows] == ["requested", "scheduled", "requested", "delayed"]
    for row in (delayed, later, failing, waiting):
        assert cancel_execution(people.owner, row.pk).status == "canceled"
    gate = failing.gate_id or 0
    assert lines.slots().counts([gate]) == {gate: Counts(waiting=0, holding=0)}
    for row in rows:
        with pytest.raises(AlreadyEnded):
            cancel_execution(people.owner, row.pk)


def test_what_is_canceled_before_its_time_never_starts(people: People) -> None:
    (later,) = ask(people, not_before=timezone.now() + timedelta(milliseconds=200))
    cancel_execution(people.owner, later.pk)
    Execution.objects.filter(pk=later.pk).update(not_before=timezone.now())
    bring_on_due()
    assert status_of(later) == "canceled"


def test_what_is_canceled_while_its_environment_is_built_keeps_that_reason_and_ends_canceled(people: People) -> None:
    (execution,) = ask(people)
    held = claimed(execution, make_worker())
    with building_told(held) as on_build:
        on_build()
        assert cancel_execution(people.owner, execution.pk).status == "canceling"
    end(held, Status.CANCELED)
    execution.refresh_from_db()
    assert (execution.status, (execution.reason or {})["code"]) == ("canceled", "canceled")


def test_what_was_to_be_canceled_on_a_worker_that_is_lost_ends_canceled_and_not_in_line(
    people: People, settings: Settings
) -> None:
    settings.ATTUNE_LOST_AFTER_S = 0.2
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    worker = make_worker()
    claimed(first, worker)
    cancel_execution(people.owner, first.pk)
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() - timedelta(minutes=5))
    end_lost()
    assert (status_of(first), status_of(second)) == ("canceled", "scheduled")


def test_a_cancel_that_races_with_claim_and_end_never_loses_either(people: People) -> None:
    worker = make_worker()
    for _ in range(15):
        (execution,) = ask(people)

        def act(index: int, execution: Execution = execution) -> None:
            if index == 0:
                with contextlib.suppress(AlreadyEnded):
                    cancel_execution(people.owner, execution.pk)
            elif (held := claim(execution.pk, attempt=1, worker_id=worker.pk)) is not None:
                end(held)

        race(2, act)
        assert status_of(execution) in ("canceled", "succeeded")
