import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.permissions import verbs_of
from apps.actions.parameters import InvalidParameters
from apps.actions.services.lookup import ActionDisabled, UnknownAction, set_action_enabled
from apps.core.errors import AttuneError, FieldError
from apps.core.redis import breaker
from apps.executions import lines
from apps.executions.idempotency import Idempotency, IdempotencyKeyReused
from apps.executions.models import Execution, Gate, IdempotencyKey, SecretParameters
from apps.executions.policies.gates import LineFull, SlotUnavailable
from apps.executions.secrets import unseal
from apps.executions.services.request import Wish, request_executions
from apps.packs.services.manage import PackDisabled, set_pack_enabled
from tests.conftest import messages_in
from tests.factories import make_action, make_policy
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.statements import commits_in, statements_in
from tests.threads import race


def request(people: People, *wishes: Wish, **options: object) -> list[Execution]:
    accepted = request_executions(people.owner, list(wishes), **options)  # type: ignore[arg-type]
    rows = Execution.objects.in_bulk(list(accepted.execution_ids))
    return [rows[pk] for pk in accepted.execution_ids]


def pointers(error: AttuneError) -> dict[str, str]:
    return {item.pointer: item.code for item in error.errors if isinstance(item, FieldError)}


def test_without_a_gate_it_is_scheduled_and_hinted_at_once(people: People) -> None:
    action = make_action(parameters={"host": {"type": "string", "default": "web"}})
    (execution,) = request(people, Wish(action=action.ref))
    assert (execution.status, execution.parameters, execution.attempt) == ("scheduled", {"host": "web"}, 1)
    assert execution.requested_by == people.owner
    assert execution.hinted_at is not None
    assert messages_in("run.default.shell") == 1


def test_the_pack_and_the_definition_are_pinned(people: People) -> None:
    action = make_action(timeout_s=5)
    (execution,) = request(people, Wish(action=action.ref))
    make_action(timeout_s=50)
    execution.refresh_from_db()
    assert execution.definition.body["timeout_s"] == 5
    assert (execution.pack_version, execution.pack_digest) == (action.version.version, action.version.digest)


def test_with_a_gate_it_takes_a_number_and_who_finds_it_full_is_delayed(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    first, second, third = (request(people, Wish(action=action.ref))[0] for _ in range(3))
    assert [row.number for row in (first, second, third)] == [1, 2, 3]
    assert [row.status for row in (first, second, third)] == ["scheduled", "delayed", "delayed"]
    assert list(lines.slots().line(first.gate_id or 0, most=10)) == [second.pk, third.pk]
    assert messages_in("run.default.shell") == 1


def test_a_key_makes_a_line_for_each_value(people: People) -> None:
    parameters = {"host": {"type": "string"}}
    action = make_action(parameters=parameters, concurrency={"limit": 1, "key": "{{ host }}"})
    rows = [request(people, Wish(action=action.ref, parameters=given))[0] for given in
            ({"host": "a"}, {"host": "b"}, {"host": "a"}, {}, {})]  # fmt: skip
    assert [row.status for row in rows] == ["scheduled", "scheduled", "delayed", "scheduled", "delayed"]
    assert rows[0].gate_id == rows[2].gate_id != rows[1].gate_id
    assert rows[3].gate_id == rows[4].gate_id
    assert sorted(Gate.objects.values_list("key_text", flat=True)) == ["a", "b", "null"]


def test_gates_are_passed_narrowest_first(people: People) -> None:
    parameters = {"host": {"type": "string"}}
    action = make_action(parameters=parameters, concurrency={"limit": 5})
    make_policy("everything", scope="system", limit=9)
    make_policy("pack", scope="pack", subject="demo", limit=8)
    make_policy("host", scope="pack", subject="demo", limit=1, key="{{ host }}")
    make_policy("another pack", scope="pack", subject="other", limit=1)
    (execution,) = request(people, Wish(action=action.ref, parameters={"host": "a"}))
    gates = {gate.pk: gate.policy.name for gate in Gate.objects.all()}
    path = [execution.gate_id or 0, *execution.later_gates]
    assert [gates[gate] for gate in path] == ["host", action.ref, "pack", "everything"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"/parameters/host": "required"}),
        ({"host": 5}, {"/parameters/host": "wrong_type"}),
        ({"host": "a", "x": 1, "y~/": 2}, {"/parameters/x": "unknown", "/parameters/y~0~1": "unknown"}),
        ({"host": "a", "mode": "fast"}, {"/parameters/mode": "immutable"}),
        ({"host": "a", "token": "short"}, {"/parameters/token": "invalid"}),
    ],
)
def test_wrong_parameters_are_told_with_a_pointer_each(
    people: People, given: dict[str, object], expected: dict[str, str]
) -> None:
    action = make_action(
        parameters={
            "host": {"type": "string", "required": True},
            "mode": {"type": "string", "default": "safe", "immutable": True},
            "token": {"type": "string", "secret": True, "minLength": 8},
        }
    )
    with pytest.raises(InvalidParameters) as caught:
        request(people, Wish(action=action.ref, parameters=given))
    assert pointers(caught.value) == expected
    assert not Execution.objects.exists()


def test_secret_parameters_are_sealed_apart(people: People) -> None:
    action = make_action(parameters={"token": {"type": "string", "secret": True}, "host": {"type": "string"}})
    (execution,) = request(people, Wish(action=action.ref, parameters={"token": "swordfish", "host": "a"}))
    assert execution.parameters == {"host": "a"}
    assert execution.secret_parameters_id is not None
    kept = SecretParameters.objects.get(pk=execution.secret_parameters_id)
    assert b"swordfish" not in bytes(kept.sealed)
    assert unseal(kept.pk, bytes(kept.sealed)) == {"token": "swordfish"}


def test_unknown_and_disabled_actions_are_refused(people: People) -> None:
    action = make_action()
    with pytest.raises(UnknownAction):
        request(people, Wish(action="demo.nothing"))
    set_action_enabled(people.administrator, ref=action.ref, enabled=False)
    with pytest.raises(ActionDisabled):
        request(people, Wish(action=action.ref))
    set_action_enabled(people.administrator, ref=action.ref, enabled=None)
    set_pack_enabled(people.administrator, ref="demo", enabled=False)
    with pytest.raises(PackDisabled):
        request(people, Wish(action=action.ref))


def test_a_batch_is_accepted_whole_in_its_order_or_not_at_all(people: People) -> None:
    action = make_action(concurrency={"limit": 1}, parameters={"n": {"type": "integer"}})
    rows = request(people, *[Wish(action=action.ref, parameters={"n": n}) for n in range(20)], is_batch=True)
    assert [row.parameters["n"] for row in rows] == list(range(20))
    assert [row.number for row in rows] == list(range(1, 21))
    wishes = [
        Wish(action=action.ref),
        Wish(action=action.ref, parameters={"n": "x"}),
        Wish(action=action.ref, parameters={"m": 1}),
    ]
    with pytest.raises(InvalidParameters) as caught:
        request(people, *wishes, is_batch=True)
    assert pointers(caught.value) == {
        "/executions/1/parameters/n": "wrong_type",
        "/executions/2/parameters/m": "unknown",
    }
    assert Execution.objects.count() == 20


def test_an_unknown_action_in_a_batch_is_told_with_its_pointer(people: People) -> None:
    action = make_action()
    with pytest.raises(UnknownAction) as caught:
        request(people, Wish(action=action.ref), Wish(action="demo.nothing"), is_batch=True)
    assert pointers(caught.value) == {"/executions/1/action": "unknown_action"}


def test_a_full_line_refuses_and_nothing_is_written(people: People) -> None:
    action = make_action(concurrency={"limit": 1, "max_waiting": 2})
    for _ in range(3):
        request(people, Wish(action=action.ref))
    with pytest.raises(LineFull):
        request(people, Wish(action=action.ref))
    assert Execution.objects.count() == 3
    assert Gate.objects.get().last_seq == 3


def test_when_full_reject_and_cancel_do_what_they_say(people: People) -> None:
    rejecting = make_action("rejecting", concurrency={"limit": 1, "when_full": "reject"})
    request(people, Wish(action=rejecting.ref))
    with pytest.raises(SlotUnavailable):
        request(people, Wish(action=rejecting.ref))
    canceling = make_action("canceling", concurrency={"limit": 1, "when_full": "cancel"})
    request(people, Wish(action=canceling.ref))
    (second,) = request(people, Wish(action=canceling.ref))
    assert (second.status, second.reason["code"]) == ("canceled", "slot_unavailable")  # type: ignore[index]
    assert second.ended_at is not None


def test_the_limits_of_a_gate_passed_later_are_decided_too(people: People) -> None:
    make_policy("everything", scope="system", limit=1, when_full="reject")
    action = make_action(concurrency={"limit": 5})
    request(people, Wish(action=action.ref))
    with pytest.raises(SlotUnavailable):
        request(people, Wish(action=action.ref))


def test_of_many_at_once_no_more_wait_than_may(people: People) -> None:
    action = make_action(concurrency={"limit": 1, "max_waiting": 3})

    def ask(_: int) -> bool:
        try:
            request_executions(people.owner, [Wish(action=action.ref)])
        except LineFull:
            return False
        return True

    assert sum(race(12, ask)) == 4
    assert Execution.objects.count() == 4


def test_numbers_are_gapless_and_follow_the_order_of_commit_whoever_asks(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    race(8, lambda _: [request_executions(people.owner, [Wish(action=action.ref)] * 5) for _ in range(5)])
    numbers = sorted(row.number or 0 for row in Execution.objects.all())
    assert numbers == list(range(1, 201))
    line = lines.slots().line(Gate.objects.get().pk, most=-1)
    stored = dict(Execution.objects.filter(status="delayed").values_list("pk", "number"))
    assert [stored[pk] for pk in line] == sorted(number or 0 for number in stored.values())
    assert len(line) == 199


def test_batches_over_several_gates_in_any_order_do_not_lock_up(people: People) -> None:
    one, two = make_action("one", concurrency={"limit": 1}), make_action("two", concurrency={"limit": 1})
    orders = [[one.ref, two.ref], [two.ref, one.ref]]

    def ask(index: int) -> int:
        wishes = [Wish(action=ref) for ref in orders[index % 2]]
        return sum(len(request_executions(people.owner, wishes).execution_ids) for _ in range(10))

    assert sum(race(6, ask)) == 120


def test_not_before_waits_without_a_number(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    later = timezone.now() + timedelta(hours=1)
    (execution,) = request(people, Wish(action=action.ref, not_before=later))
    assert (execution.status, execution.number, execution.not_before) == ("requested", None, later)
    assert messages_in("run.default.shell") == 0


def test_the_same_request_under_the_same_key_is_the_same_execution(people: People) -> None:
    action = make_action()
    wish, key = Wish(action=action.ref), Idempotency("k", b"body")
    first = request_executions(people.owner, [wish], idempotency=key)
    again = request_executions(people.owner, [wish], idempotency=key)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.execution_ids == again.execution_ids
    with pytest.raises(IdempotencyKeyReused):
        request_executions(people.owner, [wish], idempotency=Idempotency("k", b"another body"))
    other = request_executions(people.teammate, [wish], idempotency=key)
    assert other.is_new


def test_what_is_kept_of_a_request_does_not_tell_a_secret_to_whoever_tries_values(people: People) -> None:
    key = Idempotency("k", b'{"parameters": {"pin": "4711"}}')
    request_executions(people.owner, [Wish(action=make_action().ref)], idempotency=key)
    assert bytes(IdempotencyKey.objects.get().body_sha256) != hashlib.sha256(key.body).digest()


def test_the_same_key_by_many_at_once_makes_one_execution(people: People) -> None:
    action = make_action()
    key = Idempotency("k", b"body")
    results = race(8, lambda _: request_executions(people.owner, [Wish(action=action.ref)], idempotency=key))
    assert len({tuple(result.execution_ids) for result in results}) == 1
    assert sum(result.is_new for result in results) == 1
    assert Execution.objects.count() == 1


def test_a_key_older_than_a_day_is_forgotten(people: People) -> None:
    action, key = make_action(), Idempotency("k", b"body")
    request_executions(people.owner, [Wish(action=action.ref)], idempotency=key)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert request_executions(people.owner, [Wish(action=action.ref)], idempotency=Idempotency("k", b"new")).is_new


def test_a_refused_request_does_not_use_its_key_up(people: People) -> None:
    action = make_action(concurrency={"limit": 0, "when_full": "reject"})
    with pytest.raises(SlotUnavailable):
        request_executions(people.owner, [Wish(action=action.ref)], idempotency=Idempotency("k", b"body"))
    assert not IdempotencyKey.objects.exists()


def test_with_redis_away_it_is_accepted_all_the_same(people: People) -> None:
    free, gated = make_action("free"), make_action("gated", concurrency={"limit": 1})
    keep_redis_away()
    first, second = request(people, Wish(action=free.ref))[0], request(people, Wish(action=gated.ref))[0]
    breaker.reset()
    assert (first.status, first.hinted_at) == ("scheduled", None)
    assert (second.status, second.number) == ("requested", 1)


def test_a_gap_left_by_a_dead_process_is_filled_by_the_next_one(people: People) -> None:
    action = make_action(concurrency={"limit": 2})
    keep_redis_away()  # these two are accepted, and their process dies before they enter the line
    dead = [request(people, Wish(action=action.ref))[0] for _ in range(3)]
    breaker.reset()
    (alive,) = request(people, Wish(action=action.ref))
    statuses = [Execution.objects.get(pk=row.pk).status for row in (*dead, alive)]
    assert statuses == ["scheduled", "scheduled", "delayed", "delayed"]
    assert list(lines.slots().line(alive.gate_id or 0, most=10)) == [dead[2].pk, alive.pk]


def commits_and_statements(people: People, wish: Wish) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as captured:
        request_executions(people.owner, [wish])
    return commits_in(captured), statements_in(captured)


def test_a_request_costs_one_commit_and_with_a_gate_two(people: People) -> None:
    free, gated = make_action("free"), make_action("gated", concurrency={"limit": 1})
    verbs_of(people.owner)  # looked up once for each request of the API
    assert commits_and_statements(people, Wish(action=free.ref)) == (1, 3)
    # granted at once: the request, and the grant made real
    assert commits_and_statements(people, Wish(action=gated.ref)) == (2, 6)
    # has to wait: the request, and `delayed`
    assert commits_and_statements(people, Wish(action=gated.ref)) == (2, 5)
