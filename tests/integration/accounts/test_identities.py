"""Identities over REST: made, changed, switched off, and never by who may less than they."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import ApiToken, Identity
from apps.accounts.services.tokens import issue_token
from tests.people import People, client_of, make_identity

URL, LOGIN, ME, PASSWORD = "/api/v1/identities", "/api/v1/auth/login", "/api/v1/auth/me", "/api/v1/auth/password"
JSON = "application/json"


def log_in(name: str, password: str = "correct horse") -> Client:
    client = Client()
    answer = client.post(LOGIN, {"username": name, "password": password}, content_type=JSON)
    assert answer.status_code == 200, answer.content
    return client


def change_password(client: Client, old: str, new: str, **more: Any) -> Any:
    return client.post(PASSWORD, {"old": old, "new": new, **more}, content_type=JSON)


@pytest.fixture
def keeper(people: People) -> APIClient:
    return client_of(make_identity("keeper", role="keeper", grants=("identity.*", "role.view")))


def test_a_new_user_has_a_temporary_password_and_changes_it_first(administrator: APIClient) -> None:
    made = administrator.post(URL, {"name": "ann", "email": "ann@example.org"}, format="json")
    password = made.json()["temporary_password"]
    assert (made.status_code, made.json()["must_change_password"], made.json()["roles"]) == (201, True, [])
    assert password not in administrator.get(f"{URL}/ann").content.decode()
    ann = log_in("ann", password)
    assert ann.get(ME).json()["must_change_password"] is True
    refused = ann.get("/api/v1/executions").json()
    assert refused["code"] == "password_change_required"
    assert change_password(ann, password, "battery staple 9").status_code == 204
    assert ann.get(ME).json()["must_change_password"] is False
    assert Client().post(LOGIN, {"username": "ann", "password": password}, content_type=JSON).status_code == 401


def test_a_temporary_password_is_good_for_a_day(administrator: APIClient) -> None:
    password = administrator.post(URL, {"name": "ann"}, format="json").json()["temporary_password"]
    Identity.objects.filter(username="ann").update(temporary_until=timezone.now())
    assert Client().post(LOGIN, {"username": "ann", "password": password}, content_type=JSON).status_code == 401


def test_a_service_account_has_tokens_and_no_password(administrator: APIClient, people: People) -> None:
    made = administrator.post(URL, {"name": "ci", "kind": "service"}, format="json").json()
    assert (made["kind"], made["temporary_password"]) == ("service", None)
    issued = administrator.post("/api/v1/tokens", {"name": "deploy", "identity": "ci"}, format="json").json()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {issued['token']}")
    assert client.get(ME).json()["username"] == "ci"
    assert administrator.post(f"{URL}/ci/reset-password", {}, format="json").status_code == 409
    assert administrator.patch(f"{URL}/ci", {"is_administrator": True}, format="json").status_code == 400
    Identity.objects.filter(username="ci").update(password=people.owner.password)
    body = {"username": "ci", "password": "correct horse"}
    assert Client().post(LOGIN, body, content_type=JSON).status_code == 401
    assert administrator.post("/api/v1/tokens", {"name": "x", "identity": "owner"}, format="json").status_code == 403


def test_switched_off_sessions_end_and_tokens_are_nobodys(administrator: APIClient, people: People) -> None:
    session, token = log_in("owner"), client_of(people.owner)
    assert administrator.patch(f"{URL}/owner", {"is_active": False}, format="json").json()["is_active"] is False
    assert session.get(ME).status_code == token.get(ME).status_code == 401
    administrator.patch(f"{URL}/owner", {"is_active": True}, format="json")
    assert session.get(ME).status_code == 401, "switched on again, an old session stays ended"
    assert token.get(ME).status_code == 200


def test_a_new_password_ends_the_other_sessions_and_tokens_if_wanted(people: People) -> None:
    here, there, token = log_in("owner"), log_in("owner"), client_of(people.owner)
    key = here.cookies["sessionid"].value
    assert change_password(here, "correct horse", "battery staple 9").status_code == 204
    assert here.get(ME).status_code == 200
    assert here.cookies["sessionid"].value != key
    assert there.get(ME).status_code == 401
    assert token.get(ME).status_code == 200
    assert change_password(here, "battery staple 9", "staple battery 9", end_tokens=True).status_code == 204
    assert token.get(ME).status_code == 401


def test_a_password_that_is_wrong_weak_or_the_same_is_not_taken(people: People) -> None:
    client = log_in("owner")
    for old, new in (("wrong", "battery staple 9"), ("correct horse", "short"), ("correct horse", "password123"),
                     ("correct horse", "correct horse")):  # fmt: skip
        answer = change_password(client, old, new)
        assert (answer.status_code, len(answer.json()["errors"])) == (400, 1), new
    by_token = client_of(people.owner).post(
        PASSWORD, {"old": "correct horse", "new": "battery staple 9"}, format="json"
    )
    assert (by_token.status_code, by_token.json()["code"]) == (403, "needs_session")
    log_in("owner")


def test_a_reset_password_ends_the_sessions(administrator: APIClient, people: People) -> None:
    session = log_in("owner")
    answer = administrator.post(f"{URL}/owner/reset-password", {"end_tokens": True}, format="json").json()
    assert session.get(ME).status_code == 401
    assert not ApiToken.objects.filter(identity=people.owner).exists()
    assert log_in("owner", answer["temporary_password"]).get(ME).json()["must_change_password"] is True


def test_all_sessions_and_tokens_of_somebody_can_be_ended(administrator: APIClient, people: People) -> None:
    session, token = log_in("owner"), client_of(people.owner)
    assert administrator.post(f"{URL}/owner/end-sessions").status_code == 204
    assert session.get(ME).status_code == token.get(ME).status_code == 401


def test_who_may_more_is_not_changed_by_who_may_less(keeper: APIClient, people: People) -> None:
    for name in ("administrator", "owner"):
        for deed in (
            keeper.patch(f"{URL}/{name}", {"is_active": False}, format="json"),
            keeper.post(f"{URL}/{name}/reset-password", {}, format="json"),
            keeper.post(f"{URL}/{name}/end-sessions"),
        ):
            assert (deed.status_code, deed.json()["code"]) == (403, "not_yours_to_give"), name
    make_identity("nobody")
    assert keeper.post(f"{URL}/nobody/reset-password", {}, format="json").status_code == 200
    assert keeper.patch(f"{URL}/nobody", {"is_administrator": True}, format="json").status_code == 403
    assert keeper.patch(f"{URL}/keeper", {"is_administrator": True}, format="json").status_code == 403


def test_a_bound_token_makes_no_administrator(people: People) -> None:
    text = issue_token(people.administrator, name="x", grants=["identity.*", "self.view"]).text
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")
    make_identity("nobody")
    assert client.patch(f"{URL}/nobody", {"is_administrator": True}, format="json").status_code == 403
    assert client.patch(f"{URL}/nobody", {"email": "a@b.org"}, format="json").status_code == 200


def test_the_last_administrator_stays(administrator: APIClient, people: People) -> None:
    for change in ({"is_active": False}, {"is_administrator": False}):
        answer = administrator.patch(f"{URL}/administrator", change, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert administrator.patch(f"{URL}/owner", {"is_administrator": True}, format="json").status_code == 200
    assert administrator.patch(f"{URL}/administrator", {"is_administrator": False}, format="json").status_code == 200
    assert Identity.objects.administrators().count() == 1


def test_names_are_taken_whatever_their_case(administrator: APIClient) -> None:
    for name in ("owner", "Owner"):
        answer = administrator.post(URL, {"name": name}, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/name")
    for body in (
        {}, {"name": ""}, {"name": "a b"}, {"name": "a/b"}, {"name": "x" * 151}, {"name": "a", "kind": "robot"},
        {"name": "a", "email": "no"}, {"name": "a", "is_superuser": True}, {"name": 5}, {"name": "a\x00"},
    ):  # fmt: skip
        assert administrator.post(URL, body, format="json").status_code == 400, body


def test_a_token_issues_none_that_lives_longer_or_may_more(people: People) -> None:
    end = timezone.now() + timedelta(hours=1)
    grants = ["token.manage@own", "token.view@own", "execution.view@own"]
    text = issue_token(people.owner, name="x", expires_at=end, grants=grants).text
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")

    def ask(**more: Any) -> Any:
        body = {"name": "child", "expires_at": end.isoformat(), **more}
        return client.post("/api/v1/tokens", body, format="json")

    assert ask().json()["grants"] == grants
    assert ask(expires_at=None).status_code == 400
    assert ask(expires_at=(end + timedelta(seconds=1)).isoformat()).status_code == 400
    assert ask(grants=["execution.run"]).status_code == 403
    assert ask(grants=["execution.view"]).status_code == 403
    assert ask(grants=["fly"]).status_code == 400
    small = ask(grants=["execution.view@own"]).json()
    assert small["grants"] == ["execution.view@own"]
    assert APIClient(HTTP_AUTHORIZATION=f"Bearer {small['token']}").get("/api/v1/tokens").status_code == 403


@pytest.mark.parametrize("name", ["\N{LATIN SMALL LIGATURE FI}x", "\N{FULLWIDTH LATIN SMALL LETTER O}wner"])
def test_a_name_is_written_as_logins_write_it(administrator: APIClient, name: str) -> None:
    """The console's form writes it that way, so nobody could log in with this one; and it looks like another."""
    answer = administrator.post("/api/v1/identities", {"name": name}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/name")
    assert not Identity.objects.filter(username=name).exists()
