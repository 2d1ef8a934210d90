"""Keys over REST: a value comes in, is given to nobody who asks for a list, and is revealed on the record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.audit.models import AuditRecord
from apps.keys.models import Key
from apps.packs.models import Pack
from tests.factories import make_action

URL = "/api/v1/keys"
CANARY = "sw0rdf1sh-canary"


@pytest.fixture(autouse=True)
def action(fresh: None) -> None:
    make_action()


def put(client: APIClient, ref: str, value: Any = CANARY, **more: Any) -> Any:
    return client.put(f"{URL}/{ref}", {"value": value, **more}, format="json")


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json().get("errors", [])]


def test_a_key_is_set_shown_without_its_value_revealed_changed_and_deleted(administrator: APIClient) -> None:
    made = put(administrator, "cloud_key", description="for the cloud")
    assert made.status_code == 201
    body = made.json()
    assert (body["ref"], body["version"], body["value"], body["warnings"]) == ("cloud_key", 1, None, [])
    assert body["owner"] == {"type": "system", "ref": ""}
    again = put(administrator, "cloud_key", {"deep": [CANARY, None]})
    assert (again.status_code, again.json()["version"], again.json()["description"]) == (200, 2, "for the cloud")
    assert [version["number"] for version in again.json()["versions"]] == [2, 1]
    assert administrator.post(f"{URL}/cloud_key/reveal").json() == {
        "ref": "cloud_key",
        "version": 2,
        "value": {"deep": [CANARY, None]},
    }
    assert administrator.patch(f"{URL}/cloud_key", {"description": "new"}, format="json").json()["version"] == 2
    assert administrator.delete(f"{URL}/cloud_key").status_code == 204
    assert administrator.get(f"{URL}/cloud_key").json()["code"] == "unknown_key"


def test_no_answer_but_that_of_reveal_has_the_value(administrator: APIClient) -> None:
    answers = [
        put(administrator, "a"),
        put(administrator, "pack:demo:a"),
        administrator.post(URL, {"name": "b", "value": CANARY, "action": "demo.deploy"}, format="json"),
        administrator.post(URL, {"name": "b", "value": CANARY, "action": "demo.deploy"}, format="json"),
        put(administrator, "a", CANARY * 10_000),
        put(administrator, "a", CANARY, expires_at="2001-01-01T00:00:00Z"),
        put(administrator, "a", CANARY, colour="red"),
        administrator.get(URL),
        administrator.get(f"{URL}/a"),
        administrator.get("/api/v1/audit"),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 409, 400, 400, 400, 200, 200, 200]
    assert [answer for answer in answers if CANARY.encode() in answer.content] == []


def test_refs_say_whose_a_key_is(administrator: APIClient) -> None:
    for ref in ("a", "pack:demo:a", "action:demo.deploy:a"):
        assert put(administrator, ref, ref).json()["ref"] == ref
    listed = administrator.get(URL).json()["results"]
    assert [row["ref"] for row in listed] == ["action:demo.deploy:a", "pack:demo:a", "a"]
    assert [row["ref"] for row in administrator.get(f"{URL}?owner=pack").json()["results"]] == ["pack:demo:a"]
    assert administrator.post(f"{URL}/{listed[0]['id']}/reveal").json()["value"] == "action:demo.deploy:a"


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("pack:nobody:a", "unknown_pack"),
        ("action:demo.nothing:a", "unknown_action"),
        ("sensor:demo.x:a", "unknown_sensor"),
        ("identity:demo.x:a", "unknown_key"),
        ("pack:demo:9", "unknown_key"),
        ("9a", "unknown_key"),
        ("a|b", "unknown_key"),
        ("x" * 151, "unknown_key"),
    ],
)
def test_a_ref_that_no_key_can_have_is_404(administrator: APIClient, ref: str, code: str) -> None:
    answer = put(administrator, ref)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_bad_keys_are_refused_at_the_place_that_is_wrong(administrator: APIClient) -> None:
    assert codes(administrator.post(URL, {"name": "1", "value": 1}, format="json")) == [("/name", "wrong_format")]
    assert codes(put(administrator, "a", "x" * 70_000)) == [("/value", "too_large")]
    assert codes(put(administrator, "a", expires_at="2001-01-01T00:00:00Z")) == [("/expires_at", "in_the_past")]
    assert codes(administrator.put(f"{URL}/a", {}, format="json")) == [("/value", "required")]
    both = {"name": "a", "value": 1, "pack": "demo", "action": "demo.deploy"}
    assert codes(administrator.post(URL, both, format="json")) == [("/action", "contradiction")]


def test_any_json_is_a_value(administrator: APIClient) -> None:
    for value in ("text", 5, 1.5, True, None, [1, "two"], {"a": {"b": None}}):
        put(administrator, "any", value)
        assert administrator.post(f"{URL}/any/reveal").json()["value"] == value


def test_a_short_or_common_value_is_warned_of_without_being_repeated(administrator: APIClient) -> None:
    assert "shorter than 6 bytes" in put(administrator, "a", "abc").json()["warnings"][0]
    assert "common text" in put(administrator, "a", {"x": ["Password"]}).json()["warnings"][0]
    assert put(administrator, "a", "abc", encrypted=False).json()["warnings"] == []


def test_a_key_that_is_no_secret_is_shown(administrator: APIClient) -> None:
    assert put(administrator, "region", "eu-1", encrypted=False).json()["value"] == "eu-1"
    assert put(administrator, "region", "eu-2").json()["value"] == "eu-2"
    assert put(administrator, "region", "eu-3", encrypted=True).json()["value"] is None


def test_an_expired_key_says_so(administrator: APIClient) -> None:
    put(administrator, "a", expires_at=(timezone.now() + timedelta(hours=1)).isoformat())
    assert administrator.get(f"{URL}/a").json()["expired"] is False
    Key.objects.update(expires_at=timezone.now())
    assert administrator.get(f"{URL}/a").json()["expired"] is True


def test_keys_are_for_administrators(owner: APIClient, stranger: APIClient, administrator: APIClient) -> None:
    put(administrator, "a")
    for client, status in ((owner, 403), (stranger, 401)):
        answers = [
            client.get(URL),
            client.get(f"{URL}/a"),
            put(client, "a", "theirs"),
            client.patch(f"{URL}/a", {}, format="json"),
            client.delete(f"{URL}/a"),
            client.post(f"{URL}/a/reveal"),
            client.post("/api/v1/keyring/rotate"),
        ]
        assert {answer.status_code for answer in answers} == {status}
        assert not any(CANARY.encode() in answer.content for answer in answers)


def test_who_reveals_a_key_is_in_the_audit(administrator: APIClient, owner: APIClient) -> None:
    put(administrator, "a")
    administrator.post(f"{URL}/a/reveal")
    owner.post(f"{URL}/a/reveal")
    rows = AuditRecord.objects.filter(deed="key.reveal").order_by("id").values_list("who", "on", "outcome")
    assert list(rows) == [("administrator", "a", "done"), ("owner", "a", "refused")]


def test_a_pack_installed_later_under_the_same_ref_inherits_no_key(administrator: APIClient) -> None:
    put(administrator, "pack:demo:a")
    put(administrator, "action:demo.deploy:a")
    Pack.objects.update(ref="gone", safe_name="gone")
    make_action()
    assert administrator.get(f"{URL}/pack:demo:a").status_code == 404
    rows = administrator.get(URL).json()["results"]
    assert [(row["ref"], row["orphaned"]) for row in rows] == [("action:demo.deploy:a", True), ("pack:demo:a", True)]
    assert put(administrator, str(rows[1]["id"]), "still the old one's").json()["orphaned"] is True
    assert put(administrator, "pack:demo:a", "the new one's").status_code == 201
    assert administrator.delete(f"{URL}/{rows[0]['id']}").status_code == 204
