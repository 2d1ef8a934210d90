from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import ApiToken
from apps.accounts.services.tokens import issue_token
from tests.people import People

URL = "/api/v1/tokens"


def of(text: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def test_a_token_is_shown_once_and_then_works(owner: APIClient) -> None:
    answer = owner.post(URL, {"name": "deploy key"}, format="json")
    assert answer.status_code == 201
    text = answer.json()["token"]
    assert text.startswith(f"att_{answer.json()['public_id']}_")
    assert of(text).get("/api/v1/auth/me").json()["username"] == "owner"
    listed = owner.get(URL)
    assert text.rpartition("_")[2].encode() not in listed.content
    assert [item["name"] for item in listed.json()["results"]] == ["deploy key", "test"]
    assert "token" not in listed.json()["results"][0]


def test_only_a_hash_of_it_is_kept(owner: APIClient) -> None:
    secret = owner.post(URL, {"name": "x"}, format="json").json()["token"].rpartition("_")[2]
    row = ApiToken.objects.values().latest("id")
    assert secret not in repr(row)
    assert len(bytes(row["secret_sha256"])) == 32


def test_its_last_use_is_told(owner: APIClient) -> None:
    answer = owner.post(URL, {"name": "x"}, format="json").json()
    assert answer["last_used_at"] is None
    of(answer["token"]).get("/api/v1/auth/me")
    assert owner.get(URL).json()["results"][0]["last_used_at"] is not None


def test_a_revoked_token_ends_at_once(owner: APIClient) -> None:
    answer = owner.post(URL, {"name": "x"}, format="json").json()
    assert owner.delete(f"{URL}/{answer['id']}").status_code == 204
    assert of(answer["token"]).get("/api/v1/auth/me").status_code == 401
    assert owner.delete(f"{URL}/{answer['id']}").status_code == 404


def test_an_expired_token_is_nobody(owner: APIClient, people: People) -> None:
    issued = issue_token(people.owner, name="short", expires_at=timezone.now() + timedelta(hours=1))
    assert of(issued.text).get("/api/v1/auth/me").status_code == 200
    ApiToken.objects.filter(pk=issued.token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert of(issued.text).get("/api/v1/auth/me").status_code == 401


def test_a_token_with_the_right_id_and_another_secret_is_nobody(people: People) -> None:
    first, second = issue_token(people.owner, name="a").text, issue_token(people.teammate, name="b").text
    mixed = first.rpartition("_")[0] + "_" + second.rpartition("_")[2]
    for text in (mixed, first[:-1], first + "x", first.lower(), f" {first[1:]}"):
        assert of(text).get("/api/v1/auth/me").status_code == 401, text


def test_others_tokens_are_not_there_but_for_an_administrator(
    owner: APIClient, teammate: APIClient, administrator: APIClient, stranger: APIClient, people: People
) -> None:
    token = issue_token(people.owner, name="mine").token
    assert [item["identity"] for item in teammate.get(URL).json()["results"]] == ["teammate"]
    assert {item["identity"] for item in administrator.get(URL).json()["results"]} == {
        "owner", "teammate", "administrator"
    }  # fmt: skip
    assert teammate.delete(f"{URL}/{token.pk}").status_code == 404
    assert stranger.delete(f"{URL}/{token.pk}").status_code == 401
    assert ApiToken.objects.filter(pk=token.pk).exists()
    assert administrator.delete(f"{URL}/{token.pk}").status_code == 204


def test_a_wish_that_is_none_is_400_and_makes_no_token(owner: APIClient) -> None:
    wishes: list[object] = [
        {}, {"name": ""}, {"name": "  "}, {"name": 5}, {"name": None}, {"name": "x" * 101}, {"name": ["x"]},
        {"name": "x", "token": "att_mine"}, [], "x",
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, {"name": "x", "expires_at": 5},
        {"name": "x", "expires_at": "tomorrow"}, {"name": "x", "expires_at": "9999-12-31T23:59:59-14:00"},
    ]  # fmt: skip
    before = ApiToken.objects.count()
    for wish in wishes:
        answer = owner.post(URL, wish, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), wish
    assert ApiToken.objects.count() == before


def test_a_token_issues_none_that_outlives_itself(people: People) -> None:
    end = timezone.now() + timedelta(hours=1)
    short = of(issue_token(people.owner, name="short", expires_at=end).text)
    for expires_at in (None, (end + timedelta(seconds=1)).isoformat()):
        answer = short.post(URL, {"name": "longer", "expires_at": expires_at}, format="json")
        assert answer.status_code == 400
        assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [
            ("/expires_at", "outlives_its_token")
        ]
    assert short.post(URL, {"name": "by default"}, format="json").status_code == 400
    assert short.post(URL, {"name": "same", "expires_at": end.isoformat()}, format="json").status_code == 201
    assert sorted(ApiToken.objects.values_list("name", flat=True)) == ["same", "short"]
