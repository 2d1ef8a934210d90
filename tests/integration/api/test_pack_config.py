"""What a pack is told by operators: checked against its schema, its secrets kept and never shown."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.packs.models import PackConfig, PackVersion
from apps.packs.services.config import given_config
from tests.factories import make_action

URL = "/api/v1/packs/demo/config"
CANARY = "sw0rdf1sh-canary"
SCHEMA = {
    "host": {"type": "string", "required": True},
    "port": {"type": "integer", "default": 22},
    "password": {"type": "string", "secret": True, "minLength": 8},
}


@pytest.fixture(autouse=True)
def digest(fresh: None) -> str:
    action = make_action()
    action.version.config_schema = SCHEMA
    # A digest names its content: one of its own for each test, as schemas are remembered by it.
    action.version.digest = f"{action.version.pk:064x}"
    action.version.save()
    return str(action.version.digest)


def put(client: APIClient, **values: Any) -> Any:
    return client.put(URL, {"values": values}, format="json")


def test_it_is_told_shown_without_its_secrets_and_given_whole(
    administrator: APIClient, owner: APIClient, digest: str
) -> None:
    empty = owner.get(URL).json()
    assert (empty["values"], empty["effective"], empty["updated_by"]) == ({}, {"port": 22}, None)
    told = put(administrator, host="a", password=CANARY)
    assert told.status_code == 200
    assert told.json()["values"] == {"host": "a", "password": "***"}
    assert owner.get(URL).json() == told.json()
    given = given_config("demo", digest)
    assert given.values == {"host": "a", "port": 22, "password": CANARY}
    assert given.secrets == {"password": CANARY}


def test_a_secret_that_is_left_out_or_masked_stays_and_null_takes_it_away(
    administrator: APIClient, digest: str
) -> None:
    put(administrator, host="a", password=CANARY)
    put(administrator, host="b")
    put(administrator, host="c", password="***")
    assert given_config("demo", digest).values["password"] == CANARY
    put(administrator, host="d", password=None)
    assert given_config("demo", digest).values == {"host": "d", "port": 22}
    assert PackConfig.objects.get().sealed is None


@pytest.fixture
def now_secret(administrator: APIClient, digest: str) -> str:
    """`host` was given when it was no secret; a version of the pack that came later says that it is one."""
    put(administrator, host=CANARY, password="another-secret")
    version = PackVersion.objects.get(digest=digest)
    version.config_schema = {**SCHEMA, "host": {"type": "string", "required": True, "secret": True}}
    version.digest = f"f{version.pk:063x}"
    version.save()
    return version.digest


def test_what_a_later_version_calls_secret_is_one_at_once(
    administrator: APIClient, owner: APIClient, now_secret: str
) -> None:
    assert owner.get(URL).json()["effective"] == {"host": "***", "port": 22, "password": "***"}
    assert CANARY.encode() not in owner.get(URL).content
    given = given_config("demo", now_secret)
    assert given.values["host"] == given.secrets["host"] == CANARY


@pytest.mark.parametrize("said", [{}, {"host": "***"}])
def test_what_a_later_version_calls_secret_is_sealed_when_something_is_told_again(
    administrator: APIClient, now_secret: str, said: dict[str, str]
) -> None:
    assert put(administrator, port=23, **said).status_code == 200
    row = PackConfig.objects.get()
    assert (row.values, row.secrets) == ({"port": 23}, ["host", "password"])
    assert given_config("demo", now_secret).values == {"host": CANARY, "port": 23, "password": "another-secret"}


def test_what_a_later_version_does_not_call_secret_any_more_stays_sealed_until_it_is_given_again(
    administrator: APIClient, digest: str
) -> None:
    put(administrator, host="a", password=CANARY)
    version = PackVersion.objects.get(digest=digest)
    version.config_schema = {**SCHEMA, "password": {"type": "string"}}
    version.digest = f"e{version.pk:063x}"
    version.save()
    shown = administrator.get(URL).json()["values"]
    assert shown == {"host": "a", "password": "***"}
    put(administrator, **shown)
    assert given_config("demo", version.digest).secrets == {"password": CANARY}
    put(administrator, host="a", password="open to all")
    assert given_config("demo", version.digest).secrets == {}
    assert PackConfig.objects.get().values == {"host": "a", "password": "open to all"}


def test_what_does_not_fit_is_refused_at_its_place_without_repeating_a_secret(administrator: APIClient) -> None:
    answer = put(administrator, port="x", password=CANARY[:4], colour="red")
    found = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert found == [
        ("/values/colour", "unknown"),
        ("/values/host", "required"),
        ("/values/password", "invalid"),
        ("/values/port", "wrong_type"),
    ]
    assert CANARY[:4].encode() not in answer.content
    assert not PackConfig.objects.exists()


def test_others_may_look_and_not_tell(owner: APIClient, stranger: APIClient) -> None:
    assert put(owner, host="a").status_code == 403
    assert (stranger.get(URL).status_code, put(stranger, host="a").status_code) == (401, 401)
    assert owner.get("/api/v1/packs/nothing/config").status_code == 404
