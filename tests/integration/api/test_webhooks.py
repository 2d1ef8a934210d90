"""Webhooks over REST: made, changed, rotated, deleted, and the log of their deliveries."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.triggers.models import TriggerType, Webhook, WebhookDelivery, WebhookSecret
from apps.triggers.webhooks.proof import TYPE_REF
from tests.people import People, client_of, make_identity

URL = "/api/v1/webhooks"


@pytest.fixture
def client(people: People) -> APIClient:
    TriggerType.objects.create(ref=TYPE_REF, pack_ref="core", name="webhook", parameters_schema={"type": "object"})
    return client_of(people.administrator)


def make(client: APIClient, url: str = "github/pushes", **said: Any) -> Any:
    answer = client.post(URL, {"url": url, **said})
    assert answer.status_code == 201, answer.json()
    return answer


def test_a_secret_is_shown_once_and_sealed(client: APIClient) -> None:
    answer = make(client, authentication="hmac")
    secret = answer.json()["secret"]
    assert secret.startswith("whs_")
    assert len(secret) == 44
    assert answer["Cache-Control"] == "no-store"
    assert secret not in client.get(f"{URL}/github/pushes").content.decode()
    assert secret not in client.get(URL).content.decode()
    assert secret.encode() not in bytes(WebhookSecret.objects.get().sealed)


def test_a_secret_that_the_sender_chose_is_not_repeated(client: APIClient) -> None:
    answer = make(client, secret="chosen-by-the-sender")
    assert answer.json()["secret"] is None
    assert client.post(f"{URL}/github/pushes?token=chosen-by-the-sender", {}).status_code == 202


def test_what_is_left_out_has_a_default(client: APIClient) -> None:
    body = make(client).json()
    assert (body["path"], body["authentication"], body["rate_per_minute"], body["enabled"], body["may_wait"]) == (
        "/api/v1/webhooks/github/pushes", "token", 6000, True, True,
    )  # fmt: skip
    assert (body["headers"], body["pack"], body["created_by"]) == ([], None, "administrator")
    assert [item["number"] for item in body["secrets"]] == [1]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": "/deploy"}, "/url"),
        ({"url": "a//b"}, "/url"),
        ({"url": "a/rotate"}, "/url"),
        ({"url": "x" * 201}, "/url"),
        ({"url": 5}, "/url"),
        ({"url": "a", "authentication": "none"}, "/authentication"),
        ({"url": "a", "rate_per_minute": 0}, "/rate_per_minute"),
        ({"url": "a", "rate_per_minute": "many"}, "/rate_per_minute"),
        ({"url": "a", "secret": "short"}, "/secret"),
        ({"url": "a", "headers": ["X-Api-Key"]}, "/headers/0"),
        ({"url": "a", "headers": ["X-Good", "a b"]}, "/headers/1"),
        ({"url": "a", "headers": ["X"] * 21}, "/headers"),
        ({"url": "a", "created_by": "ann"}, "/created_by"),
        ({"url": "a", "enabled": "yes"}, "/enabled"),
    ],
)
def test_what_is_wrong_with_a_new_one_is_said_at_its_place(client: APIClient, body: Any, pointer: str) -> None:
    answer = client.post(URL, body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Webhook.objects.exists()


def test_a_url_is_taken_once(client: APIClient) -> None:
    make(client)
    answer = client.post(URL, {"url": "github/pushes"})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_taken")


def test_one_is_changed_as_it_was_read(client: APIClient) -> None:
    make(client)
    tag = client.get(f"{URL}/github/pushes")["ETag"]
    body = {"enabled": False, "rate_per_minute": None, "authentication": "github", "headers": ["X-Priority"]}
    answer = client.patch(f"{URL}/github/pushes", body, headers={"if-match": tag})
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in body} == body
    again = client.patch(f"{URL}/github/pushes", {"enabled": True}, headers={"if-match": tag})
    assert (again.status_code, again.json()["code"]) == (412, "changed")
    assert client.get(f"{URL}/github/pushes", headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_a_rotation_shows_the_new_secret_and_when_the_old_one_ends(client: APIClient) -> None:
    first = make(client).json()["secret"]
    answer = client.post(f"{URL}/github/pushes/rotate", {"grace_s": 60})
    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert [item["number"] for item in body["secrets"]] == [2, 1]
    assert body["secrets"][0]["ends_at"] is None
    assert body["secrets"][1]["ends_at"] is not None
    for secret in (first, body["secret"]):
        assert client.post(f"{URL}/github/pushes?token={secret}", {}).status_code == 202
    now = client.post(f"{URL}/github/pushes/rotate", {"grace_s": 0}).json()
    assert [item["number"] for item in now["secrets"]] == [3]
    assert client.post(f"{URL}/github/pushes?token={body['secret']}", {}).status_code == 401


def test_one_is_deleted_with_its_secrets_and_its_log(client: APIClient) -> None:
    secret = make(client).json()["secret"]
    assert client.post(f"{URL}/github/pushes?token={secret}", {}).status_code == 202
    assert client.delete(f"{URL}/github/pushes").status_code == 204
    assert not WebhookSecret.objects.exists()
    assert not WebhookDelivery.objects.exists()
    assert client.get(f"{URL}/github/pushes").status_code == 404
    assert client.post(f"{URL}/github/pushes?token={secret}", {}).status_code == 401


def test_the_log_says_why_each_delivery_was_refused(client: APIClient) -> None:
    secret = make(client).json()["secret"]
    make(client, "other")
    stranger = APIClient()
    stranger.post(f"{URL}/github/pushes?token=guess", {})
    taken = stranger.post(f"{URL}/github/pushes?token={secret}", {}, headers={"idempotency-key": "17"}).json()
    stranger.post(f"{URL}/github/pushes?token={secret}", {}, headers={"idempotency-key": "17"})
    rows = client.get(f"{URL}/github/pushes/deliveries").json()["results"]
    assert [(row["outcome"], row["reason"], row["status"], row["event"], row["delivery"]) for row in rows] == [
        ("repeated", None, 200, taken["event"], "17"),
        ("accepted", None, 202, taken["event"], "17"),
        ("refused", "wrong_token", 401, None, None),
    ]
    refused = client.get(f"{URL}/github/pushes/deliveries?outcome=refused").json()["results"]
    assert [row["reason"] for row in refused] == ["wrong_token"]
    assert client.get(f"{URL}/other/deliveries").json()["results"] == []
    assert client.get(f"{URL}/nowhere/deliveries").status_code == 404


def test_lists_are_filtered_in_few_queries(client: APIClient, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        make(client, f"many/{number}", authentication="hmac" if number % 2 else "token")
    with django_assert_max_num_queries(6):
        rows = client.get(f"{URL}?q=many&authentication=hmac").json()["results"]
    assert [row["url"] for row in rows] == ["many/1", "many/3"]
    assert client.get(f"{URL}?enabled=false").json()["results"] == []


def test_only_those_who_may_see_and_change_webhooks(client: APIClient, people: People) -> None:
    make(client)
    make(client, "mine")
    own = client_of(make_identity("own", role="own", grants=("webhook.*@ref:mine",)))
    assert [row["url"] for row in own.get(URL).json()["results"]] == ["mine"]
    assert own.get(f"{URL}/github/pushes").status_code == 404
    assert own.get(f"{URL}/github/pushes/deliveries").status_code == 404
    assert own.post(f"{URL}/github/pushes/rotate", {}).status_code == 404
    assert own.patch(f"{URL}/mine", {"enabled": False}).status_code == 200
    assert own.post(URL, {"url": "another"}).status_code == 403
    viewer = client_of(make_identity("viewer", role="looks", grants=("webhook.view",)))
    assert viewer.get(f"{URL}/mine").status_code == 200
    assert viewer.patch(f"{URL}/mine", {"enabled": True}).status_code == 403
    assert viewer.delete(f"{URL}/mine").status_code == 403
    assert viewer.post(f"{URL}/mine/rotate", {}).status_code == 403
    assert client_of(people.teammate).get(URL).status_code == 403
    assert APIClient().get(f"{URL}/mine").status_code == 401
