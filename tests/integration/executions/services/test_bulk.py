import pytest
from django.db import OperationalError

from apps.accounts.models import Identity
from apps.core.errors import Invalid
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.services import bulk
from apps.executions.services.bulk import MAX_BULK, Outcome, cancel_many, rerun_many
from apps.executions.services.rerun import rerun_execution
from apps.executions.states import Status
from tests.database_trouble import end_sessions_of_this_test, once_cut_off
from tests.factories import make_action, make_execution, make_worker
from tests.people import People
from tests.running import claimed, status_of


def test_each_is_canceled_for_itself_and_says_how_it_went(people: People) -> None:
    owner = people.owner.pk
    waiting = make_execution(requested_by_id=owner)
    running = make_execution(requested_by_id=owner)
    claimed(running, make_worker())
    over = make_execution(requested_by_id=owner, status=Status.SUCCEEDED)
    foreign = make_execution(requested_by_id=people.teammate.pk)
    outcomes = cancel_many(people.owner, [waiting.pk, over.pk, foreign.pk, running.pk, 999_999_999, waiting.pk])
    assert [(item.id, item.ok, item.code) for item in outcomes] == [
        (waiting.pk, True, ""),
        (over.pk, False, "already_ended"),
        (foreign.pk, False, "unknown_execution"),
        (running.pk, True, ""),
        (999_999_999, False, "unknown_execution"),
    ]
    assert all(item.detail for item in outcomes if not item.ok)
    assert [status_of(row) for row in (waiting, running, over, foreign)] == [
        "canceled", "canceling", "succeeded", "scheduled",
    ]  # fmt: skip


def test_canceling_twice_is_no_error(people: People) -> None:
    running = make_execution(requested_by_id=people.owner.pk)
    claimed(running, make_worker())
    for _ in range(2):
        assert cancel_many(people.owner, [running.pk]) == [Outcome(running.pk, ok=True)]


def test_reruns_are_new_executions_in_the_order_of_the_list(people: People) -> None:
    action = make_action()
    ended = [make_execution(action, requested_by_id=people.owner.pk, status=Status.FAILED) for _ in range(3)]
    wanted = [ended[2].pk, ended[0].pk, ended[1].pk]
    outcomes = rerun_many(people.owner, wanted)
    assert all(item.ok for item in outcomes)
    new_ids = [item.new_id for item in outcomes]
    assert new_ids == sorted(new_ids, key=lambda item: item or 0)
    made = Execution.objects.in_bulk(new_ids)
    assert [made[new_id].rerun_of_id for new_id in new_ids if new_id] == wanted


def test_one_that_cannot_be_rerun_does_not_hold_up_the_others(people: People) -> None:
    gone = make_execution(make_action(), requested_by_id=people.owner.pk, status=Status.FAILED)
    Execution.objects.filter(pk=gone.pk).update(action_ref="nowhere.to_be_found")
    good = make_execution(make_action(), requested_by_id=people.owner.pk, status=Status.FAILED)
    foreign = make_execution(requested_by_id=people.teammate.pk, status=Status.FAILED)
    outcomes = rerun_many(people.owner, [gone.pk, foreign.pk, good.pk])
    assert [(item.id, item.ok, item.code) for item in outcomes] == [
        (gone.pk, False, "unknown_action"), (foreign.pk, False, "unknown_execution"), (good.pk, True, ""),
    ]  # fmt: skip


def test_more_than_can_be_done_at_once_is_refused_before_anything_is_done(people: People) -> None:
    mine = make_execution(requested_by_id=people.owner.pk)
    for deed in (cancel_many, rerun_many):
        with pytest.raises(Invalid):
            deed(people.owner, [mine.pk, *range(10**9, 10**9 + MAX_BULK)])
    assert status_of(mine) == "scheduled"


def test_what_was_done_is_told_though_the_database_went_away_in_the_middle(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = [make_execution(requested_by_id=people.owner.pk, status=Status.FAILED).pk for _ in range(4)]

    def rerun(identity: Identity, execution_id: int, *, parameters: JsonObject) -> Execution:
        if execution_id == ended[2]:
            end_sessions_of_this_test()
        return real(identity, execution_id, parameters=parameters)

    real = rerun_execution
    monkeypatch.setattr(bulk, "rerun_execution", rerun)
    outcomes = rerun_many(people.owner, ended)
    assert [(item.ok, item.code) for item in outcomes] == [
        (True, ""), (True, ""), (False, "database_away"), (False, "database_away"),
    ]  # fmt: skip
    assert Execution.objects.filter(rerun_of__isnull=False).count() == 2


def test_where_nothing_was_done_the_whole_request_failed(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    (ended,) = [make_execution(requested_by_id=people.owner.pk, status=Status.FAILED).pk]
    monkeypatch.setattr(bulk, "rerun_execution", once_cut_off(rerun_execution))
    with pytest.raises(OperationalError):
        rerun_many(people.owner, [ended])
