from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.executions.models import Policy
from tests.asking import ask
from tests.factories import make_action
from tests.people import People
from tests.running import status_of

URL = "/api/v1/policies"
WISH = {"name": "two at a time", "scope": "system", "limit": 2}


def create(client: APIClient, **fields: object) -> Any:
    return client.post(URL, {**WISH, **fields}, format="json")


def test_a_policy_is_made_shown_changed_and_retired(administrator: APIClient, owner: APIClient) -> None:
    make_action(parameters={"host": {}})
    made = create(administrator, scope="pack", subject="demo", key="{{ host }}", max_waiting=5, expires_s=60)
    assert made.status_code == 201
    address = f"{URL}/{made.json()['id']}"
    assert owner.get(address).json() == made.json() == owner.get(URL).json()["results"][0]
    assert (made.json()["key"], made.json()["source"], made.json()["when_full"]) == ("{{ host }}", "operator", "queue")
    changed = administrator.patch(
        address, {"limit": 3, "key": None, "when_full": "reject", "max_waiting": None}, format="json"
    ).json()
    assert (changed["limit"], changed["key"], changed["when_full"]) == (3, None, "reject")
    assert administrator.delete(address).status_code == 204
    assert owner.get(address).json()["code"] == "unknown_policy"
    assert owner.get(URL).json()["results"] == []
    assert administrator.delete(address).status_code == 404
    assert create(administrator).status_code == 201


def test_policies_are_managed_by_who_may_and_seen_by_all(owner: APIClient, administrator: APIClient) -> None:
    pk = create(administrator).json()["id"]
    assert create(owner, name="mine").json()["verb"] == "policy.manage"
    assert owner.patch(f"{URL}/{pk}", {"limit": 9}, format="json").status_code == 403
    assert owner.delete(f"{URL}/{pk}").status_code == 403
    assert Policy.objects.get().limit == 2


def test_the_policy_of_an_actions_file_gives_only_its_limit(administrator: APIClient, people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    address = f"{URL}/{Policy.objects.get().pk}"
    for wish in ({"key": "{{ x }}"}, {"limit": 5, "when_full": "reject"}):
        answer = administrator.patch(address, wish, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "policy_of_file"), wish
    assert administrator.delete(address).json()["code"] == "policy_of_file"
    first, second = ask(people, action, count=2)
    assert (status_of(first), status_of(second)) == ("scheduled", "delayed")
    answer = administrator.patch(address, {"limit": 2}, format="json").json()
    assert (answer["limit"], answer["limit_override"]) == (2, 2)
    assert status_of(second) == "scheduled"
    assert administrator.patch(address, {"limit": None}, format="json").json()["limit"] == 1


def test_a_change_is_made_as_a_whole_or_not_at_all(administrator: APIClient) -> None:
    address = f"{URL}/{create(administrator).json()['id']}"
    before = administrator.get(address).json()
    for wish in ({"limit": 9, "key": "{{"}, {"limit": 9, "key": "constant"}, {"limit": None, "when_full": "reject"},
                 {"limit": 9, "name": "other"}):  # fmt: skip
        assert administrator.patch(address, wish, format="json").status_code == 400, wish
    assert administrator.get(address).json() == before


def test_lists_are_narrowed_by_subject_and_scope(administrator: APIClient) -> None:
    make_action(concurrency={"limit": 1})
    create(administrator, name="all")
    create(administrator, name="pack", scope="pack", subject="demo")

    def names(**query: str) -> list[str]:
        return [item["name"] for item in administrator.get(URL, query).json()["results"]]

    assert names() == ["pack", "all", "demo.deploy"]
    assert names(subject="demo.deploy") == ["demo.deploy"]
    assert names(scope="system") == ["all"]
    assert names(kind="rate") == []


def test_a_wish_that_is_none_is_400_and_makes_nothing(administrator: APIClient) -> None:
    wishes: list[dict[str, object]] = [
        {"name": ""}, {"name": 5}, {"name": "x" * 256}, {"scope": "world"}, {"scope": []}, {"scope": None},
        {"scope": "pack"}, {"subject": "demo"}, {"scope": "pack", "subject": "gone"},
        {"scope": "action", "subject": "gone.gone"}, {"kind": "gcra"}, {"kind": 5}, {"kind": "rate"},
        {"kind": "rate", "window_s": 0}, {"kind": "rate", "window_s": -1}, {"kind": "rate", "window_s": "5"},
        {"kind": "rate", "window_s": 86_401}, {"kind": "rate", "window_s": 5, "limit": 10_001}, {"window_s": 5},
        {"kind": "retry"}, {"kind": "retry", "retry": {"max_attempts": 3}}, {"kind": "timeout", "timeout_s": 5},
        {"timeout_s": 5}, {"retry": {"max_attempts": 3}}, {"max_waiting": 5, "when_full": "cancel"},
        {"subject": 5, "scope": "pack"}, {"limit": -1}, {"limit": 1.5},
        {"limit": 1.0}, {"limit": "1"}, {"limit": True}, {"limit": None}, {"limit": 1_000_001}, {"limit": 2**63 - 1},
        {"key": 5}, {"key": ""}, {"key": "{{"}, {"key": "constant"}, {"key": "{{" + "(" * 400 + "a" + ")" * 400 + "}}"},
        {"key": "{{ x }}" * 200}, {"when_full": "explode"}, {"when_full": None}, {"max_waiting": -1},
        {"max_waiting": "5"}, {"max_waiting": 10**10}, {"expires_s": 0}, {"expires_s": "nan"}, {"expires_s": True},
        {"expires_s": 1e300}, {"source": "action"}, {"limit_override": 1}, {"is_removed": False},
    ]  # fmt: skip
    for wish in wishes:
        answer = create(administrator, **wish)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), wish
        assert answer.json()["errors"][0]["pointer"].startswith("/"), wish
    assert not Policy.objects.exists()


def test_each_kind_is_made_and_says_only_what_is_its(administrator: APIClient) -> None:
    said: dict[str, dict[str, Any]] = {
        "rate": {"limit": 5, "window_s": 60},
        "retry": {"retry": {"max_attempts": 3, "delay_s": 0.5}},
        "timeout": {"timeout_s": 7.5},
    }
    for kind, fields in said.items():
        answer = administrator.post(URL, {"name": kind, "kind": kind, "scope": "system", **fields}, format="json")
        assert answer.status_code == 201, answer.json()
        made = answer.json()
        given = {name: made[name] for name in ("limit", "window_s", "retry", "timeout_s") if made[name] is not None}
        if kind == "retry":
            assert (given["retry"]["max_attempts"], given["retry"]["backoff"]) == (3, "exponential")
        else:
            assert given == fields
        assert (made["when_full"] is None) == (kind != "rate")
        changed = administrator.patch(f"{URL}/{made['id']}", fields, format="json")
        assert changed.json() == {**made, "updated_at": changed.json()["updated_at"]}
    assert [item["name"] for item in administrator.get(URL, {"kind": "rate"}).json()["results"]] == ["rate"]


@pytest.mark.parametrize(
    ("retry", "pointer"),
    [
        (None, "/retry"), (5, "/retry"), ([], "/retry"), ({}, "/retry/max_attempts"),
        ({"max_attempts": 0}, "/retry/max_attempts"), ({"max_attempts": "3"}, "/retry/max_attempts"),
        ({"max_attempts": 3, "on": []}, "/retry/on"), ({"max_attempts": 3, "on": ["lost"]}, "/retry/on/0"),
        ({"max_attempts": 3, "delay_s": -1}, "/retry/delay_s"), ({"max_attempts": 3, "jitter": 2}, "/retry/jitter"),
        ({"max_attempts": 3, "delay_s": 9, "max_delay_s": 1}, "/retry/delay_s"),
        ({"max_attempts": 3, "forever": True}, "/retry/forever"),
    ],
)  # fmt: skip
def test_a_retry_that_is_none_is_told_at_its_place(administrator: APIClient, retry: object, pointer: str) -> None:
    wish = {"name": "again", "kind": "retry", "scope": "system", "retry": retry}
    answer = administrator.post(URL, wish, format="json")
    assert answer.status_code == 400
    assert [item["pointer"] for item in answer.json()["errors"]] == [pointer]


def test_executions_gates_and_stats_tell_of_a_rate(administrator: APIClient, people: People) -> None:
    action = make_action()
    fields = {"name": "gentle", "kind": "rate", "scope": "action", "subject": action.ref, "limit": 1, "window_s": 60}
    assert administrator.post(URL, fields, format="json").status_code == 201
    _, second = ask(people, action, count=2)
    told = administrator.get(f"/api/v1/executions/{second.pk}").json()
    assert told["reason"]["code"] == "waiting_for_rate"
    (gate,) = told["gates"]
    assert (gate["limit"], gate["window_s"], gate["passed"], gate["holding"]) == (1, 60.0, 1, None)
    whole = administrator.get(f"/api/v1/gates/{gate['gate']}").json()
    assert (whole["kind"], whole["passed"], whole["holders"]) == ("rate", 1, [])
    assert 0 < whole["next_s"] <= 60
    (same,) = administrator.get(f"/api/v1/actions/{action.ref}/queue-stats").json()["gates"]
    assert (same["kind"], same["window_s"]) == ("rate", 60.0)
    for limit, status in ((10_001, 400), (2, 200)):
        answer = administrator.patch(f"/api/v1/gates/{gate['gate']}", {"limit": limit}, format="json")
        assert answer.status_code == status
    assert status_of(second) == "scheduled"


def test_a_taken_name_is_409(administrator: APIClient) -> None:
    create(administrator)
    answer = create(administrator, limit=3)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
