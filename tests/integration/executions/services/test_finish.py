import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.redis import breaker, client
from apps.executions import lines
from apps.executions.definitions import definition_of
from apps.executions.models import Execution, History
from apps.executions.policies.loss import CutOff
from apps.executions.services.cancel import cancel_execution
from apps.executions.services.request import Wish, request_executions
from apps.executions.slots.protocol import Counts
from apps.executions.states import Status
from apps.executions.transitions import Claimed, StaleTransition, claim, transition
from apps.workers.models import Worker
from tests.factories import make_action, make_worker
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of
from tests.statements import commits_in


def requested(people: People, count: int = 1, **fields: object) -> list[Execution]:
    action = make_action(**fields)  # type: ignore[arg-type]
    accepted = request_executions(people.owner, [Wish(action=action.ref)] * count)
    return list(Execution.objects.filter(pk__in=accepted.execution_ids).order_by("pk"))


def test_an_end_writes_result_history_and_facts_in_one_statement(people: People) -> None:
    (execution,) = requested(people)
    held = claimed(execution, make_worker())
    definition_of(held.definition_id)  # looked up once in a worker's life
    with CaptureQueriesContext(connection) as captured:
        end(held, result={"a": 1}, exit_code=0, facts={"duration_s": 1.5})
    assert len(captured) == 1
    execution.refresh_from_db()
    assert (execution.status, execution.result, execution.exit_code) == ("succeeded", {"a": 1}, 0)
    last = History.objects.filter(execution=execution).order_by("id").last()
    assert last is not None
    assert last.facts == {"exit_code": 0, "signal": None, "error": None, "duration_s": 1.5}


@pytest.mark.parametrize("result", ["text", "", 5, 0, -1.5, True, False, None, [], [1, [2]], {}, "null", {"a": None}])
def test_a_result_may_be_any_json_value(people: People, result: object) -> None:
    (execution,) = requested(people)
    end(claimed(execution, make_worker()), result=result)
    execution.refresh_from_db()
    assert (execution.status, execution.result) == ("succeeded", result)


def test_the_slot_is_given_back_and_the_next_one_scheduled(people: People) -> None:
    first, second = requested(people, 2, concurrency={"limit": 1})
    end(claimed(first, make_worker()))
    assert (status_of(first), status_of(second)) == ("succeeded", "scheduled")


def test_a_retry_takes_a_new_attempt_without_a_number(people: People) -> None:
    retry = {"max_attempts": 3, "backoff": "constant", "delay_s": 5}
    first, second = requested(people, 2, concurrency={"limit": 1}, retry=retry)
    held = claimed(first, make_worker())
    assert end(held, Status.FAILED, error={"type": "x", "message": "no"}) is Status.REQUESTED
    first.refresh_from_db()
    assert (first.status, first.attempt, first.retries, first.number, first.token) == ("requested", 2, 1, None, None)
    assert first.reason["code"] == "retry"  # type: ignore[index]
    assert first.not_before is not None
    assert status_of(second) == "scheduled"
    last = History.objects.filter(execution=first).order_by("id").last()
    assert last is not None
    assert (last.attempt, last.facts["error"]) == (1, {"type": "x", "message": "no"})  # type: ignore[index]


def test_retries_used_up_end_as_the_last_attempt_did(people: People) -> None:
    (execution,) = requested(people, retry={"max_attempts": 2, "backoff": "constant", "delay_s": 0})
    worker = make_worker()
    end(claimed(execution, worker), Status.FAILED)
    Execution.objects.filter(pk=execution.pk).update(status="scheduled")
    assert end(claimed(execution, worker), Status.TIMEOUT) is Status.TIMEOUT


def test_only_the_ends_a_rule_names_are_tried_again(people: People) -> None:
    (execution,) = requested(people, retry={"max_attempts": 5, "on": ["timeout"]})
    assert end(claimed(execution, make_worker()), Status.FAILED) is Status.FAILED


def test_what_would_fail_the_same_way_is_not_tried_again(people: People) -> None:
    (execution,) = requested(people, retry={"max_attempts": 5})
    assert end(claimed(execution, make_worker()), Status.FAILED, may_retry=False) is Status.FAILED


def test_one_that_somebody_cancels_is_not_tried_again(people: People) -> None:
    (execution,) = requested(people, retry={"max_attempts": 5})
    held = claimed(execution, make_worker())
    Execution.objects.filter(pk=execution.pk).update(status="canceling")
    assert end(held, Status.FAILED) is Status.FAILED


def test_a_late_end_of_a_lost_worker_changes_nothing(people: People) -> None:
    (execution,) = requested(people)
    held = claimed(execution, make_worker())
    Execution.objects.filter(pk=execution.pk).update(token=held.token + 1)
    with pytest.raises(StaleTransition):
        end(held)
    assert status_of(execution) == "running"


def test_an_end_while_redis_is_away_is_written_all_the_same(people: People) -> None:
    first, second = requested(people, 2, concurrency={"limit": 1})
    held = claimed(first, make_worker())
    keep_redis_away()
    end(held)
    breaker.reset()
    assert (status_of(first), status_of(second)) == ("succeeded", "delayed")


def test_an_end_on_an_emptied_redis_builds_the_lines_anew(people: People) -> None:
    first, second, third = requested(people, 3, concurrency={"limit": 1})
    held = claimed(first, make_worker())
    client().flushdb()
    end(held)
    assert (status_of(second), status_of(third)) == ("scheduled", "delayed")
    assert first.gate_id is not None
    assert lines.slots().counts([first.gate_id]) == {first.gate_id: Counts(waiting=1, holding=1)}


def claim_of(execution_id: int, worker: Worker) -> Claimed:
    found = claim(execution_id, attempt=1, worker_id=worker.pk)
    assert found is not None
    return found


def test_the_whole_way_costs_three_commits_and_five_when_it_waits(people: People) -> None:
    """Request, claim, finish; and, for one that waits, `delayed` and the grant made real."""
    free, gated = make_action("free"), make_action("gated", concurrency={"limit": 1})
    worker = make_worker()
    (first,) = request_executions(people.owner, [Wish(action=gated.ref)]).execution_ids
    holder = claimed(Execution.objects.get(pk=first), worker)
    with CaptureQueriesContext(connection) as alone:
        (pk,) = request_executions(people.owner, [Wish(action=free.ref)]).execution_ids
        end(claim_of(pk, worker))
    assert commits_in(alone) == 3
    with CaptureQueriesContext(connection) as waiting:
        (pk,) = request_executions(people.owner, [Wish(action=gated.ref)]).execution_ids
    end(holder)
    with CaptureQueriesContext(connection) as rest:
        end(claim_of(pk, worker))
    # Making its grant real happened inside the end of the one before it: one more commit there.
    assert commits_in(waiting) + 1 + commits_in(rest) == 5


def test_an_end_that_was_written_though_nobody_heard_gives_its_slot_back(people: People) -> None:
    """The answer to the first try was lost with the database; the second finds the work done."""
    first, second = requested(people, 2, concurrency={"limit": 1})
    running = claimed(first, make_worker())
    transition(first.pk, Status.SUCCEEDED, expected={Status.RUNNING}, attempt=1, token=running.token)
    with pytest.raises(StaleTransition):
        end(running)
    assert status_of(second) == "scheduled"


def test_what_was_interrupted_goes_back_without_a_loss(people: People) -> None:
    (execution,) = requested(people, 1, concurrency={"limit": 1})
    reason = {"code": "interrupted", "text": "the worker was stopped"}
    held = claimed(execution, make_worker())
    assert end(held, Status.ABANDONED, cut_off=CutOff.INTERRUPTED, reason=reason) == Status.REQUESTED
    execution.refresh_from_db()
    assert (execution.status, execution.attempt, execution.losses) == ("scheduled", 2, 0)
    with pytest.raises(StaleTransition):
        end(held)


def test_what_was_cut_off_while_somebody_wanted_its_end_is_canceled(people: People) -> None:
    (execution,) = requested(people, 1)
    held = claimed(execution, make_worker())
    cancel_execution(people.owner, execution.pk)
    assert end(held, Status.ABANDONED, cut_off=CutOff.LOST, reason={"code": "process_lost"}) == Status.CANCELED
    execution.refresh_from_db()
    assert execution.reason["code"] == "canceled"  # type: ignore[index]


def test_what_must_not_run_again_ends_where_it_was_cut_off(people: People) -> None:
    (execution,) = requested(people, 1, on_lost="fail")
    reason = {"code": "process_lost", "text": "its process was lost"}
    held = claimed(execution, make_worker())
    assert end(held, Status.ABANDONED, cut_off=CutOff.LOST, reason=reason) == Status.ABANDONED


def test_the_late_report_of_one_that_was_sent_back_lets_nobody_pass_it(people: People) -> None:
    first, second = requested(people, 2, concurrency={"limit": 1})
    running = claimed(first, make_worker())
    Execution.objects.filter(pk=first.pk).update(status="requested", attempt=2, token=None)  # and then it died
    with pytest.raises(StaleTransition):
        end(running)
    assert status_of(second) == "delayed"
