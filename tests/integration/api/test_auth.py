import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import Identity
from tests.factories import make_action
from tests.people import People, client_of

ME, LOGIN, LOGOUT = "/api/v1/auth/me", "/api/v1/auth/login", "/api/v1/auth/logout"
JSON = "application/json"
RIGHT = {"username": "owner", "password": "correct horse"}


@pytest.fixture
def browser(people: People) -> Client:
    """A client with cookies, of which CSRF tokens are asked."""
    return Client(enforce_csrf_checks=True)


def log_in(browser: Client, **given: str) -> int:
    return browser.post(LOGIN, {**RIGHT, **given}, content_type=JSON).status_code


def test_me_says_who_you_are_and_what_you_may_do(owner: APIClient, administrator: APIClient) -> None:
    mine, theirs = owner.get(ME).json(), administrator.get(ME).json()
    assert (mine["username"], mine["is_administrator"]) == ("owner", False)
    assert theirs["is_administrator"] is True
    assert set(theirs["verbs"]) - set(mine["verbs"]) == {
        "action.manage", "audit.view", "environment.manage", "identity.manage", "identity.view", "key.manage",
        "key.reveal", "key.view", "pack.install", "pack.manage", "policy.manage", "role.manage", "role.view",
        "sensor.manage", "timer.manage", "webhook.manage", "webhook.view", "worker.manage",
    }  # fmt: skip
    assert "execution.view@own" in mine["grants"]
    assert theirs["grants"] == ["*"]


def test_a_session_reads_with_its_cookie_and_writes_with_its_csrf_token(browser: Client) -> None:
    make_action()
    assert log_in(browser) == 200
    assert browser.get(ME).json()["username"] == "owner"
    body = {"action": "demo.deploy"}
    refused = browser.post("/api/v1/executions", body, content_type=JSON)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    token = browser.cookies["csrftoken"].value
    taken = browser.post("/api/v1/executions", body, content_type=JSON, headers={"X-CSRFToken": token})
    assert (taken.status_code, taken.json()["requested_by"]) == (201, "owner")


def test_logout_ends_the_session(browser: Client) -> None:
    log_in(browser)
    token = browser.cookies["csrftoken"].value
    assert browser.post(LOGOUT, content_type=JSON, headers={"X-CSRFToken": "0" * 32}).status_code == 403
    assert browser.post(LOGOUT, content_type=JSON, headers={"X-CSRFToken": token}).status_code == 204
    assert browser.get(ME).status_code == 401


def test_a_new_session_begins_with_every_login(browser: Client) -> None:
    log_in(browser)
    first = browser.cookies["sessionid"].value
    log_in(browser, username="teammate")
    assert browser.cookies["sessionid"].value != first
    assert browser.get(ME).json()["username"] == "teammate"


def test_a_wrong_name_and_a_wrong_password_are_told_alike(browser: Client, people: People) -> None:
    Identity.objects.filter(pk=people.teammate.pk).update(is_active=False)
    answers = [
        browser.post(LOGIN, body, content_type=JSON)
        for body in (
            {**RIGHT, "password": "correct horsf"},
            {**RIGHT, "username": "nobody"},
            {**RIGHT, "username": "teammate"},  # no longer active
            {**RIGHT, "password": " correct horse"},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert browser.get(ME).status_code == 401


def test_a_login_takes_its_two_fields_and_nothing_else(browser: Client) -> None:
    bodies: list[object] = [{}, {"username": "owner"}, {**RIGHT, "is_superuser": True}, {"username": 5, "password": 5}]
    for body in [*bodies, [], None]:
        assert browser.post(LOGIN, body or "null", content_type=JSON).status_code == 400, body
    assert browser.post(f"{LOGIN}?next=/admin/", RIGHT, content_type=JSON).status_code == 400
    assert browser.post(LOGIN, RIGHT).status_code == 415


def test_a_cookie_that_no_session_can_have_is_nobody(people: People) -> None:
    for value in (r'"\000\000\000\000\000\000\000\000"', "x" * 5_000, r'"\377\377\377\377\377\377\377\377"', "a" * 32):
        client = APIClient(HTTP_COOKIE=f"sessionid={value}")
        assert client.get(ME).status_code == 401, value
        assert client.post(LOGIN, RIGHT, format="json").status_code == 200, value
        assert client.get("/admin/").status_code == 302, value


def test_a_header_that_is_no_token_is_nobody(people: People) -> None:
    for text in ("Bearer", "Bearer ", "Bearer att__", "Bearer att_a_b", "Bearer att_\x00_x", "Bearer att_\xe9_x",
                 "Bearer " + "a" * 5_000, "Basic b3duZXI6eA==", "\x00"):  # fmt: skip
        answer = APIClient().get(ME, HTTP_AUTHORIZATION=text)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer"), text


def test_who_was_deactivated_is_nobody_with_every_token(people: People) -> None:
    client = client_of(people.owner)
    assert client.get(ME).status_code == 200
    Identity.objects.filter(pk=people.owner.pk).update(is_active=False)
    assert client.get(ME).status_code == 401
