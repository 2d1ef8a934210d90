"""Logins: counted, told to whoever listens, ended by age and disuse."""

import time
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone

from apps.accounts.models import LoginFailures
from apps.accounts.services.login import MOST_OF_ACCOUNT, MOST_OF_ADDRESS, WINDOW
from tests.people import People
from tests.redis_trouble import keep_redis_away

LOGIN, ME = "/api/v1/auth/login", "/api/v1/auth/me"


def log_in(
    name: str, password: str = "correct horse", *, address: str = "192.0.2.1", client: Client | None = None
) -> Any:
    body = {"username": name, "password": password}
    return (client or Client()).post(LOGIN, body, content_type="application/json", REMOTE_ADDR=address)


@pytest.mark.parametrize("name", ["owner", "nobody"])
def test_an_account_is_closed_for_a_while_whether_or_not_it_is_there(people: People, name: str) -> None:
    for number in range(MOST_OF_ACCOUNT):
        assert log_in(name, "wrong", address=f"192.0.2.{number}").status_code == 401
    refused = log_in(name, address="198.51.100.1")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_logins")
    assert 0 < int(refused["Retry-After"]) == refused.json()["retry_after_s"] <= WINDOW.total_seconds()
    LoginFailures.objects.update(since=timezone.now() - WINDOW)
    assert log_in(name).status_code == (200 if name == "owner" else 401)


def test_an_address_is_closed_for_a_while(people: People) -> None:
    for number in range(MOST_OF_ADDRESS):
        assert log_in(f"name{number}", "wrong").status_code == 401
    assert log_in("owner").status_code == 429
    assert log_in("owner", address="198.51.100.1").status_code == 200


def test_an_address_that_is_closed_closes_no_more_accounts(people: People) -> None:
    for number in range(MOST_OF_ADDRESS):
        log_in(f"name{number}", "wrong")
    for _ in range(MOST_OF_ACCOUNT + 1):
        assert log_in("owner", "wrong").status_code == 429
    assert log_in("owner", address="198.51.100.1").status_code == 200


def test_an_ipv6_network_is_one_address(people: People) -> None:
    for number in range(MOST_OF_ADDRESS):
        log_in(f"name{number}", "wrong", address=f"2001:db8::{number:x}")
    assert log_in("owner", address="2001:db8::ffff:1").status_code == 429
    assert log_in("owner", address="2001:db8:1::1").status_code == 200


def test_a_login_that_goes_well_counts_for_nothing(people: People) -> None:
    for _ in range(3):
        for _ in range(MOST_OF_ACCOUNT - 1):
            assert log_in("owner", "wrong", address="").status_code == 401
        assert log_in("owner").status_code == 200
    assert list(LoginFailures.objects.values_list("count", flat=True)) == [0]


def test_redis_away_changes_nothing(people: People) -> None:
    keep_redis_away()
    assert log_in("owner", "wrong").status_code == 401
    assert log_in("owner").status_code == 200


def test_what_was_typed_as_a_name_is_kept_nowhere(people: People) -> None:
    log_in("my secret", "wrong")
    assert "secret" not in repr(list(LoginFailures.objects.values()))


def test_whoever_listens_is_told_of_every_login(people: People) -> None:
    told: list[tuple[str, str]] = []

    def failed(credentials: dict[str, Any], **_: Any) -> None:
        assert set(credentials) <= {"username", "password"}
        assert credentials.get("password", "*").strip("*") == ""
        told.append(("failed", credentials["username"]))

    def well(user: Any, **_: Any) -> None:
        told.append(("well", user.username))

    user_login_failed.connect(failed)
    user_logged_in.connect(well)
    try:
        log_in("owner", "wrong")
        log_in("owner")
        for _ in range(MOST_OF_ACCOUNT + 1):
            log_in("x", "wrong", address="")
    finally:
        user_login_failed.disconnect(failed)
        user_logged_in.disconnect(well)
    assert told == [("failed", "owner"), ("well", "owner"), *[("failed", "x")] * (MOST_OF_ACCOUNT + 1)]


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"])
def test_a_password_is_hashed_by_argon2id_anew_where_the_hasher_changed(people: People) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    with override_settings(
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.Argon2PasswordHasher", "django.contrib.auth.hashers.MD5PasswordHasher"
        ]
    ):  # fmt: skip
        assert (people.owner.password or "").startswith(str(MD5PasswordHasher.algorithm))
        assert log_in("owner").status_code == 200
    people.owner.refresh_from_db()
    assert (people.owner.password or "").startswith("argon2$argon2id$")


def _age(client: Client, **seconds: float) -> None:
    session = client.session
    for name, value in seconds.items():
        session[name] = time.time() - value
    session.save()


def test_a_session_ends_by_age_and_by_disuse(people: People) -> None:
    for ages, status in (
        ({"began_at": 12 * 3600 + 1, "seen_at": 1}, 401),
        ({"began_at": 12 * 3600 - 60, "seen_at": 1}, 200),
        ({"began_at": 8000, "seen_at": 7201}, 401),
        ({"began_at": 8000, "seen_at": 7000}, 200),
    ):
        client = Client()
        log_in("owner", client=client)
        _age(client, **ages)
        assert client.get(ME).status_code == status, ages


def test_use_is_noted_once_a_minute(people: People) -> None:
    client = Client()
    log_in("owner", client=client)
    _age(client, seen_at=30)
    before = Session.objects.get().session_data
    client.get(ME)
    assert Session.objects.get().session_data == before
    _age(client, seen_at=61)
    client.get(ME)
    assert time.time() - client.session["seen_at"] < 30


def test_the_age_counts_from_the_login(people: People) -> None:
    client = Client()
    log_in("owner", client=client)
    _age(client, began_at=3600)
    key = client.cookies["sessionid"].value
    log_in("owner", client=client)
    assert client.cookies["sessionid"].value != key
    assert time.time() - client.session["began_at"] < 60
