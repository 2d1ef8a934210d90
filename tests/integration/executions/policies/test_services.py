from typing import Any

import pytest

from apps.core.errors import Conflict, FieldError, Invalid
from apps.executions.models import Execution, Policy
from apps.executions.policies.services import PolicyOfFile, create_policy, remove_policy, set_limit, update_policy
from tests.asking import ask
from tests.factories import make_action
from tests.people import People
from tests.running import status_of

RATE: dict[str, Any] = {"name": "gentle", "kind": "rate", "scope": "system", "limit": 2, "window_s": 60}
AGAIN = {"max_attempts": 3}


def errors_of(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        create_policy(**{**RATE, **fields})
    assert not Policy.objects.filter(source="operator").exists()
    return [(item.pointer, item.code) for item in refused.value.errors if isinstance(item, FieldError)]


def test_each_kind_is_made_changed_and_removed(people: People) -> None:
    make_action()
    kinds: dict[str, dict[str, Any]] = {
        "concurrency": {"limit": 1}, "rate": {"limit": 1, "window_s": 5}, "retry": {"retry": AGAIN},
        "timeout": {"timeout_s": 9},
    }  # fmt: skip
    for kind, said in kinds.items():
        policy = create_policy(name=kind, kind=kind, scope="pack", subject="demo", **said)
        update_policy(policy, said)
        remove_policy(policy)
        policy.refresh_from_db()
        assert (policy.limit_version, policy.is_removed) == (3, True)


def test_a_changed_window_and_limit_are_in_force_at_once(people: People) -> None:
    policy = create_policy(**RATE)
    rows = ask(people, count=4)
    update_policy(policy, {"limit": 3, "window_s": 3600})
    assert [status_of(row) for row in rows] == ["scheduled"] * 3 + ["delayed"]
    remove_policy(policy)
    assert status_of(rows[3]) == "scheduled"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scope": "action", "subject": "demo.gone"}, [("/subject", "unknown_action")]),
        ({"scope": "pack", "subject": "gone"}, [("/subject", "unknown_pack")]),
        ({"scope": "action"}, [("/subject", "contradiction")]),
        ({"subject": "demo"}, [("/subject", "contradiction")]),
        ({"scope": "action", "subject": "demo.deploy", "key": "{{ hots }}"}, [("/key", "bad_key")]),
        ({"scope": "pack", "subject": "demo", "key": "{{ token }}"}, [("/key", "bad_key")]),
        ({"window_s": None}, [("/window_s", "required")]),
        (
            {"kind": "timeout"},
            [("/timeout_s", "required"), ("/limit", "contradiction"), ("/window_s", "contradiction")],
        ),
    ],
)
def test_what_contradicts_is_told_and_makes_nothing(
    people: People, fields: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    make_action(parameters={"host": {}, "token": {"secret": True}})
    assert errors_of(**fields) == told


def test_a_change_is_judged_together_with_what_stays(people: People) -> None:
    policy = create_policy(**RATE, max_waiting=5)
    with pytest.raises(Invalid, match="contradicts"):
        update_policy(policy, {"when_full": "reject"})
    update_policy(policy, {"when_full": "reject", "max_waiting": None})
    with pytest.raises(Invalid):
        set_limit(policy, 10_001)
    with pytest.raises(Invalid):
        set_limit(policy, None)
    policy.refresh_from_db()
    assert (policy.when_full, policy.limit) == ("reject", 2)


def test_of_two_retries_for_the_same_one_is_refused(people: People) -> None:
    create_policy(name="a", kind="retry", scope="system", retry=AGAIN)
    with pytest.raises(Invalid, match="contradicts") as refused:
        create_policy(name="b", kind="retry", scope="system", retry=AGAIN)
    assert "the policy a says" in refused.value.errors[0].detail
    make_action()
    create_policy(name="b", kind="retry", scope="pack", subject="demo", retry=AGAIN)


def test_a_taken_name_is_told_at_its_place(people: People) -> None:
    create_policy(**RATE)
    with pytest.raises(Conflict) as refused:
        create_policy(**RATE)
    assert [item.as_json()["pointer"] for item in refused.value.errors if isinstance(item, FieldError)] == ["/name"]


def test_of_a_files_policy_only_the_limit_moves(people: People) -> None:
    make_action(concurrency={"limit": 1})
    policy = Policy.objects.get()
    for changes in ({"key": None}, {"limit": 2, "window_s": 5}):
        with pytest.raises(PolicyOfFile):
            update_policy(policy, changes)
    with pytest.raises(PolicyOfFile):
        remove_policy(policy)
    assert set_limit(policy, 3).limit_in_force == 3
    assert set_limit(policy, None).limit_in_force == 1


def test_a_policy_whose_key_fails_lets_nobody_pass_and_says_why(people: People) -> None:
    from apps.executions.policies.gates import KeyFailed

    create_policy(**{**RATE, "key": "{{ host.name }}"})
    with pytest.raises(KeyFailed, match="gentle failed"):
        ask(people, make_action(parameters={"host": {}}), parameters={"host": 5})
    assert not Execution.objects.exists()
