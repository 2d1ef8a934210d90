"""Gates of a rate, from the request to the grant: PostgreSQL and Redis together."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.redis import breaker, client
from apps.executions import lines
from apps.executions.due import bring_on_due, let_in_by_rates
from apps.executions.models import Execution, Gate, Pass, Policy
from apps.executions.policies.gates import LineFull, SlotUnavailable
from apps.executions.policies.idle import collect_idle_gates, collect_removed_policies
from apps.executions.policies.services import set_limit
from apps.executions.services.lost import end_forgotten
from apps.executions.services.request import Wish, request_executions
from apps.executions.states import Status
from apps.executions.statistics import action_stats
from apps.executions.sweep import sweep
from apps.executions.waiting import explain
from tests.asking import ask, ask_and_die
from tests.factories import make_action, make_policy, make_worker
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of
from tests.threads import race
from tests.waiting import wait_for

HOUR = 3600.0


def a_rate(limit: int, window_s: float = HOUR, **fields: Any) -> Policy:
    given: dict[str, Any] = {"scope": "action", "subject": "demo.deploy", **fields}
    return make_policy("gentle", kind="rate", limit=limit, window_s=window_s, **given)


def statuses(rows: list[Execution]) -> list[str]:
    return [status_of(row) for row in rows]


def age_passes(seconds: float) -> None:
    """As if they had been so much earlier, for the database."""
    for row in Pass.objects.all():
        Pass.objects.filter(pk=row.pk).update(at=row.at - timedelta(seconds=seconds))


def test_so_many_pass_at_once_and_no_more(people: People) -> None:
    a_rate(2)
    rows = ask(people, count=4)
    assert statuses(rows) == ["scheduled", "scheduled", "delayed", "delayed"]
    assert Pass.objects.count() == 2
    end(claimed(rows[0], make_worker()))
    assert statuses(rows) == ["succeeded", "scheduled", "delayed", "delayed"]


def test_the_next_are_let_in_in_their_order_when_the_window_has_passed(people: People) -> None:
    a_rate(2, 0.3)
    rows = ask(people, count=5)

    def all_through() -> bool:
        pause_s = let_in_by_rates()
        assert (pause_s is None) == (statuses(rows) == ["scheduled"] * 5)
        return pause_s is None

    wait_for(all_through, what="all five to pass")
    moments = list(Execution.objects.order_by("pk").values_list("scheduled_at", flat=True))
    assert moments == sorted(moments, key=lambda moment: moment or timezone.now())


def test_any_number_of_processes_may_look_at_once(people: People) -> None:
    a_rate(5, 0.1)
    rows = ask(people, count=50)

    def look(_: int) -> int:
        wait_for(lambda: let_in_by_rates() is None, what="the line to end")
        return 1

    assert sum(race(4, look)) == 4
    assert statuses(rows) == ["scheduled"] * 50
    assert Pass.objects.count() == 50


def test_lines_that_are_built_anew_remember_who_passed(people: People) -> None:
    a_rate(2)
    rows = ask(people, count=3)
    end(claimed(rows[0], make_worker()))
    client().flushdb()
    sweep()
    assert statuses(rows) == ["succeeded", "scheduled", "delayed"]
    age_passes(HOUR)
    client().flushdb()
    sweep()
    assert statuses(rows) == ["succeeded", "scheduled", "scheduled"]


def test_a_gate_passed_after_another_one_is_remembered_too(people: People) -> None:
    a_rate(1, scope="system", subject="")
    action = make_action(concurrency={"limit": 5})
    rows = ask(people, action, count=2)
    assert statuses(rows) == ["scheduled", "delayed"]
    client().flushdb()
    sweep()
    assert statuses(rows) == ["scheduled", "delayed"]
    assert len(lines.slots().holders(rows[0].gate_id or 0, most=9)) == 2


def test_with_redis_away_nobody_passes_and_nothing_is_lost(people: People) -> None:
    a_rate(5)
    rows = ask_and_die(people, make_action(), count=2)
    keep_redis_away()
    assert let_in_by_rates() is None
    breaker.reset()
    Execution.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    sweep()
    assert statuses(rows) == ["scheduled", "scheduled"]


def test_a_retry_and_work_that_goes_back_pass_and_count_again(people: People) -> None:
    a_rate(2)
    action = make_action(retry={"max_attempts": 2, "delay_s": 0, "backoff": "constant"})
    retried, other = ask(people, action, count=2)
    worker = make_worker()
    end(claimed(retried, worker), Status.FAILED)
    held = claimed(other, worker)
    end_forgotten(other.pk, attempt=1, token=held.token, worker=worker.name)
    bring_on_due()
    sweep()
    assert statuses([retried, other]) == ["delayed", "delayed"]
    policy = Policy.objects.get(kind="rate")
    set_limit(policy, 4)
    assert statuses([retried, other]) == ["scheduled", "scheduled"]
    assert Pass.objects.count() == 4


@pytest.mark.parametrize("place", [{}, {"scope": "pack", "subject": "demo"}])
def test_who_finds_no_room_is_refused_or_canceled_where_the_policy_says_so(
    people: People, place: dict[str, Any]
) -> None:
    policy = a_rate(2, when_full="reject", **place)
    action = make_action(concurrency={"limit": 50}) if place else make_action()
    ask(people, action, count=2)
    with pytest.raises(SlotUnavailable, match="The limit of 2 in 3600 s of gentle is reached"):
        ask(people, action)
    Policy.objects.filter(pk=policy.pk).update(when_full="cancel")
    (row,) = ask(people, action)
    assert (row.status, row.reason["code"]) == ("canceled", "slot_unavailable")  # type: ignore[index]
    age_passes(HOUR)
    assert ask(people, action)[0].status in ("scheduled", "delayed")


def test_a_line_of_a_rate_has_an_end_where_the_policy_says_so(people: People) -> None:
    a_rate(1, max_waiting=1)
    wishes = [Wish(action=make_action().ref)] * 3
    with pytest.raises(LineFull):
        request_executions(people.owner, wishes)
    ask(people, count=2)
    with pytest.raises(LineFull):
        ask(people)


def test_who_is_not_due_yet_takes_no_room_at_a_later_gate(people: People) -> None:
    a_rate(1, scope="system", subject="", when_full="reject")
    action = make_action(concurrency={"limit": 5})
    ask(people, action, not_before=timezone.now() + timedelta(days=1))
    assert ask(people, action)[0].status == "scheduled"


def test_why_it_waits_names_the_rate_and_when_its_turn_comes(people: People) -> None:
    policy = a_rate(2, 60)
    rows = ask(people, count=5)
    told = explain(list(Execution.objects.order_by("pk")))
    reasons = [told[row.pk].reason or {} for row in rows[2:]]
    assert {reason["code"] for reason in reasons} == {"waiting_for_rate"}
    assert reasons[0]["text"] == "position 1 at gentle, where 2 may pass in 60 s"
    assert [reason["position"] for reason in reasons] == [1, 2, 3]
    first, second, third = (reason["estimate_s"] for reason in reasons)
    assert 0 < first == second <= 60 < third <= 120
    assert (reasons[0]["passed"], reasons[0]["holding"], reasons[0]["window_s"]) == (2, None, 60)
    set_limit(policy, 0)
    assert (explain(rows[4:])[rows[4].pk].reason or {})["code"] == "paused_by_limit"


def test_queue_stats_know_rates(people: People) -> None:
    a_rate(2, 60)
    rows = ask(people, count=4)
    end(claimed(rows[0], make_worker()))
    stats = action_stats("demo.deploy", reader=people.administrator)
    (gate,) = stats["gates"]
    assert (gate["kind"], gate["limit"], gate["window_s"], gate["passed"]) == ("rate", 2, 60, 2)
    assert 0 < gate["next_s"] <= 60
    assert (gate["waiting"], gate["running"], gate["total_completed"]) == (2, 1, 1)
    assert stats["limit"] is None


def test_an_idle_gate_is_kept_as_long_as_a_pass_counts(people: People) -> None:
    a_rate(1, 12 * HOUR)
    (row,) = ask(people)
    end(claimed(row, make_worker()))
    long_ago = timezone.now() - timedelta(hours=2)
    Gate.objects.update(used_at=long_ago)
    collect_idle_gates()
    assert (Gate.objects.count(), Pass.objects.count()) == (1, 1)
    age_passes(12 * HOUR)
    Gate.objects.update(used_at=long_ago)
    collect_idle_gates()
    assert (Gate.objects.count(), Pass.objects.count()) == (0, 0)


def test_passes_are_forgotten_when_they_count_no_more(people: People) -> None:
    a_rate(5, 60)
    ask(people, count=2)
    sweep()
    assert Pass.objects.count() == 2
    age_passes(61)
    sweep()
    assert Pass.objects.count() == 0


def test_a_removed_policy_is_gone_when_nobody_refers_to_it(people: People) -> None:
    policy = a_rate(5, is_removed=True)
    collect_removed_policies()
    assert Policy.objects.count() == 1
    Policy.objects.filter(pk=policy.pk).update(updated_at=timezone.now() - timedelta(hours=2))
    collect_removed_policies()
    assert Policy.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "rate", "limit": 5}, {"kind": "rate", "window_s": 5, "limit": None},
        {"kind": "rate", "window_s": 0, "limit": 5}, {"kind": "rate", "window_s": 1e9, "limit": 5},
        {"kind": "rate", "window_s": 5, "limit": 10_001}, {"kind": "concurrency", "limit": None},
        {"kind": "concurrency", "limit": 5, "window_s": 5}, {"kind": "retry", "limit": None},
        {"kind": "retry", "retry": {}, "limit": 5}, {"kind": "timeout", "limit": None},
        {"kind": "timeout", "timeout_s": 0, "limit": None}, {"kind": "timeout", "timeout_s": 5, "limit": 5},
        {"kind": "timeout", "timeout_s": 5, "limit": None, "limit_override": 5},
    ],
)  # fmt: skip
def test_the_database_keeps_no_policy_that_contradicts_its_kind(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_policy(**fields)
