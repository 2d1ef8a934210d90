import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ApiToken
from apps.accounts.services.tokens import issue_token, prove_token
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

PAGE = "/admin/tokens/"


@pytest.fixture
def owner(people: People, visit: Visit) -> Client:
    return visit(people.owner)


def test_a_new_token_is_shown_once_works_and_is_kept_nowhere(owner: Client, people: People) -> None:
    answer = owner.post(PAGE, {"name": "deploy <b>"})
    text = answer.content.decode()
    (secret,) = set(re.findall(r"att_[A-Za-z0-9]{12}_[A-Za-z0-9]{40}", text))
    token = prove_token(secret)
    assert token is not None
    assert (token.identity, token.name) == (people.owner, "deploy <b>")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "<b>" not in text
    assert secret not in look(owner, PAGE)


def test_own_tokens_are_listed_and_all_for_administrators(owner: Client, people: People, visit: Visit) -> None:
    issue_token(people.owner, name="mine")
    issue_token(people.teammate, name="theirs")
    text = look(owner, PAGE)
    assert "mine" in text
    assert "theirs" not in text
    everything = look(visit(people.administrator), PAGE)
    assert "mine" in everything
    assert "theirs" in everything


def test_the_list_asks_the_same_however_long_it_is(owner: Client, people: People) -> None:
    issue_token(people.owner, name="first")
    before = statements_of(owner, PAGE)
    for number in range(5):
        issue_token(people.owner, name=f"token {number}")
    assert statements_of(owner, PAGE) == before <= MOST_STATEMENTS


def test_a_token_expires_when_it_was_said(owner: Client) -> None:
    at = (timezone.now() + timedelta(days=30)).replace(second=0, microsecond=0)
    owner.post(PAGE, {"name": "month", "expires_at": at.strftime("%Y-%m-%dT%H:%M")})
    assert ApiToken.objects.get().expires_at == at


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"name": "a\0b"}, "Null characters"),
        ({"name": "x", "expires_at": "2001-01-01T00:00"}, "lies in the past"),
        ({"name": "x", "expires_at": "tomorrow"}, "Enter a valid date/time"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(owner: Client, given: dict[str, str], told: str) -> None:
    answer = owner.post(PAGE, given)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_by_its_owner_or_an_administrator(owner: Client, people: People, visit: Visit) -> None:
    mine, theirs = (issue_token(one, name="t").token for one in (people.owner, people.teammate))
    for number in (theirs.pk, "x", "9" * 30, ""):
        owner.post(PAGE, {"revoke": number})
    assert ApiToken.objects.count() == 2
    owner.post(PAGE, {"revoke": mine.pk})
    visit(people.administrator).post(PAGE, {"revoke": theirs.pk})
    assert not ApiToken.objects.exists()


def test_who_is_logged_out_is_asked_to_log_in(people: People) -> None:
    assert Client().get(PAGE).headers["Location"].startswith("/admin/login/")
    assert Client().post(PAGE, {"name": "x"}).headers["Location"].startswith("/admin/login/")
