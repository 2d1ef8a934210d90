"""What a crash, a lost message or a race left undone, and how one sweep finds it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.redis import breaker, client
from apps.executions import lines
from apps.executions.models import Execution, Gate, History
from apps.executions.policies.idle import collect_idle_gates
from apps.executions.policies.services import set_limit
from apps.executions.slots.protocol import Counts, Grant
from apps.executions.states import Status
from apps.executions.sweep import sweep
from apps.executions.transitions import transition_many
from tests.asking import ask, ask_and_die
from tests.conftest import messages_in
from tests.factories import make_action, make_worker
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of
from tests.threads import race

QUEUE = "run.default.shell"


def age(execution: Execution) -> None:
    """So old that nobody else will do it."""
    Execution.objects.filter(pk=execution.pk).update(created_at=timezone.now() - timedelta(minutes=1))


def test_requests_whose_process_died_enter_their_line_in_order(people: People) -> None:
    rows = ask_and_die(people, make_action(concurrency={"limit": 1}), count=3)
    for row in rows:
        age(row)
    sweep()
    assert [status_of(row) for row in rows] == ["scheduled", "delayed", "delayed"]
    assert list(lines.slots().line(rows[0].gate_id or 0, most=10)) == [rows[1].pk, rows[2].pk]


def test_a_slot_that_nobody_gave_back_is_found(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    held = claimed(first, make_worker())
    keep_redis_away()
    end(held)
    breaker.reset()
    sweep()
    assert status_of(second) == "scheduled"


def test_a_grant_that_was_not_made_real_is(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    held = claimed(first, make_worker())
    keep_redis_away()
    end(held)
    breaker.reset()
    lines.slots().leave(Grant(first.pk, 1))  # its process died right after Redis had let the second in
    assert status_of(second) == "delayed"
    sweep()
    assert status_of(second) == "scheduled"
    assert messages_in(QUEUE) == 2


def test_an_emptied_redis_is_filled_again_in_order_and_everything_is_hinted(people: People) -> None:
    make_worker()
    action = make_action(concurrency={"limit": 2})
    rows = ask(people, action, count=6)
    free = ask(people, make_action("free"), count=3)
    claimed(rows[0], make_worker("w2"))
    client().flushdb()
    sweep()
    assert [status_of(row) for row in rows] == ["running", "scheduled", "delayed", "delayed", "delayed", "delayed"]
    gate = rows[0].gate_id or 0
    assert lines.slots().counts([gate]) == {gate: Counts(waiting=4, holding=2)}
    assert list(lines.slots().line(gate, most=10)) == [row.pk for row in rows[2:]]
    assert messages_in(QUEUE) == len(free) + 1


def test_executions_requested_while_redis_was_empty_stand_behind_the_older_ones(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    rows = ask(people, action, count=3)
    client().flushdb()
    rows += ask(people, action, count=2)
    sweep()
    assert list(lines.slots().line(rows[0].gate_id or 0, most=10)) == [row.pk for row in rows[1:]]


def test_two_who_sweep_an_emptied_redis_build_it_once(people: People) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=20)
    before = lines.epoch.read_anew()
    client().flushdb()
    race(4, lambda _: sweep())
    assert lines.epoch.read_anew() == before + 1
    gate = Gate.objects.get()
    assert lines.slots().counts([gate.pk]) == {gate.pk: Counts(waiting=19, holding=1)}


def test_a_grant_of_an_older_epoch_is_not_made_real(people: People) -> None:
    (row,) = ask_and_die(people, make_action(concurrency={"limit": 1}))
    epoch = lines.epoch.read_anew()
    moved = transition_many([(row.pk, 1)], Status.SCHEDULED, expected={Status.REQUESTED}, epoch=epoch - 1)
    assert (moved, status_of(row)) == ([], "requested")


def test_a_limit_that_redis_did_not_hear_of_is_sent(people: People) -> None:
    rows = ask(people, make_action(concurrency={"limit": 1}), count=3)
    keep_redis_away()
    set_limit(Gate.objects.get().policy, 3)
    breaker.reset()
    assert [status_of(row) for row in rows] == ["scheduled", "delayed", "delayed"]
    sweep()
    assert [status_of(row) for row in rows] == ["scheduled", "scheduled", "scheduled"]


def test_who_waited_longer_than_allowed_is_canceled_with_that_reason(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1, "expires_s": 30}), count=2)
    Execution.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sweep()
    second.refresh_from_db()
    assert (status_of(first), second.status, second.reason["code"]) == ("scheduled", "canceled", "expired")  # type: ignore[index]
    assert lines.slots().places([second.pk]) == {}


def test_history_that_was_not_announced_is_announced_once(people: People) -> None:
    ask(people, count=5)
    assert History.objects.filter(announced_at=None).count() == 5
    race(3, lambda _: sweep())
    assert not History.objects.filter(announced_at=None).exists()


def test_a_gate_nobody_used_for_an_hour_is_removed_and_made_again(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    (row,) = ask(people, action)
    end(claimed(row, make_worker()))
    Gate.objects.update(used_at=timezone.now() - timedelta(hours=2))
    assert collect_idle_gates() == 1
    row.refresh_from_db()
    assert (Gate.objects.count(), row.gate_id, row.status) == (0, None, "succeeded")
    (again,) = ask(people, action)
    assert (again.number, again.status) == (1, "scheduled")


def test_a_gate_with_somebody_at_it_stays_however_old(people: People) -> None:
    action = make_action(concurrency={"limit": 0})
    ask(people, action)
    Gate.objects.update(used_at=timezone.now() - timedelta(hours=2))
    assert collect_idle_gates() == 0
    assert Gate.objects.count() == 1


def test_gates_are_collected_while_requests_take_numbers(people: People) -> None:
    action = make_action(concurrency={"limit": 1000})

    def act(index: int) -> int:
        if index == 0:
            for _ in range(30):
                Gate.objects.update(used_at=timezone.now() - timedelta(hours=2))
                collect_idle_gates()
            return 0
        return len(ask(people, action, count=20))

    assert sum(race(4, act)) == 60
    sweep()
    statuses = set(Execution.objects.values_list("status", flat=True))
    assert statuses == {"scheduled"}
    assert not Execution.objects.filter(gate=None).exists()


def test_a_step_that_fails_does_not_keep_the_others_from_their_work(people: People) -> None:
    rows = ask_and_die(people, make_action(concurrency={"limit": 1}), count=1)
    age(rows[0])
    keep_redis_away()
    sweep()
    breaker.reset()
    assert not History.objects.filter(announced_at=None).exists()
    assert status_of(rows[0]) == "requested"


def test_not_even_a_bug_in_a_step_keeps_the_others_from_their_work(
    people: People, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ask(people)

    def broken() -> None:
        raise KeyError("a row nobody thought of")

    monkeypatch.setattr("apps.executions.reconcile.enter_missing", broken)
    sweep()
    assert not History.objects.filter(announced_at=None).exists()
    assert "broken" in caplog.text
