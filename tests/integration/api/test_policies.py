from typing import Any

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
    made = create(administrator, scope="pack", subject="demo", key="{{ host }}", max_waiting=5, expires_s=60)
    assert made.status_code == 201
    address = f"{URL}/{made.json()['id']}"
    assert owner.get(address).json() == made.json() == owner.get(URL).json()["results"][0]
    assert (made.json()["key"], made.json()["source"], made.json()["when_full"]) == ("{{ host }}", "operator", "queue")
    changed = administrator.patch(address, {"limit": 3, "key": None, "when_full": "reject"}, format="json").json()
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


def test_a_wish_that_is_none_is_400_and_makes_nothing(administrator: APIClient) -> None:
    wishes: list[dict[str, object]] = [
        {"name": ""}, {"name": 5}, {"name": "x" * 256}, {"scope": "world"}, {"scope": []}, {"scope": None},
        {"scope": "pack"}, {"subject": "demo"}, {"subject": 5, "scope": "pack"}, {"limit": -1}, {"limit": 1.5},
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


def test_a_taken_name_is_409(administrator: APIClient) -> None:
    create(administrator)
    answer = create(administrator, limit=3)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
