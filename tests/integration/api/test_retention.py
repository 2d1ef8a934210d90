"""Pins, and what is told of what retention removed."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.executions.models import Execution, Pin
from apps.executions.retention.files import collect_artifacts, collect_logs
from apps.executions.retention.rows import collect_executions
from tests.factories import make_ended, make_execution, make_worker
from tests.people import People
from tests.statements import statements_in

URL = "/api/v1/executions"


@pytest.fixture(autouse=True)
def own_folder(people: People, settings: LazySettings, tmp_path: Path) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path
    (tmp_path / "executions").mkdir()


def mine(people: People, *, days_ago: float = 1) -> Execution:
    return make_ended(days_ago=days_ago, requested_by_id=people.owner.pk)


def asked(client: APIClient) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(URL)
    return statements_in(captured)


def test_a_pin_says_why_who_and_when(people: People, owner: APIClient) -> None:
    execution = mine(people)
    assert owner.get(f"{URL}/{execution.pk}").json()["pinned"] is None
    answer = owner.post(f"{URL}/{execution.pk}/pin", {"reason": "the audit"})
    assert answer.status_code == 200
    assert (answer.json()["pinned"]["reason"], answer.json()["pinned"]["by"]) == ("the audit", "owner")
    assert answer.json()["pinned"]["at"] is not None
    assert owner.get(f"{URL}/{execution.pk}").json()["pinned"] == answer.json()["pinned"]


def test_pinning_again_gives_another_reason(people: People, owner: APIClient, administrator: APIClient) -> None:
    execution = mine(people)
    owner.post(f"{URL}/{execution.pk}/pin", {"reason": "the audit"})
    answer = administrator.post(f"{URL}/{execution.pk}/pin", {"reason": "the lawsuit"})
    assert (answer.json()["pinned"]["reason"], answer.json()["pinned"]["by"]) == ("the lawsuit", "administrator")


def test_unpinning_twice_is_no_error(people: People, owner: APIClient) -> None:
    execution = mine(people)
    owner.post(f"{URL}/{execution.pk}/pin", {"reason": "the audit"})
    assert [owner.delete(f"{URL}/{execution.pk}/pin").status_code for _ in range(2)] == [204, 204]
    assert owner.get(f"{URL}/{execution.pk}").json()["pinned"] is None


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "   "}, {"reason": 7}, {"reason": "x" * 501}, {"why": "x"}]
)
def test_a_pin_needs_a_reason(people: People, owner: APIClient, body: object) -> None:
    assert owner.post(f"{URL}/{mine(people).pk}/pin", body).status_code == 400
    assert not Pin.objects.exists()


def test_others_find_nothing_to_pin(people: People, teammate: APIClient, stranger: APIClient) -> None:
    execution = mine(people)
    for client, status in ((teammate, 404), (stranger, 401)):
        assert client.post(f"{URL}/{execution.pk}/pin", {"reason": "mine"}).status_code == status
        assert client.delete(f"{URL}/{execution.pk}/pin").status_code == status


def test_what_runs_can_be_pinned_too(people: People, owner: APIClient) -> None:
    execution = make_execution(requested_by_id=people.owner.pk)
    assert owner.post(f"{URL}/{execution.pk}/pin", {"reason": "to look at it"}).status_code == 200


def test_lists_narrow_by_pins_in_as_many_queries_as_ever(people: People, owner: APIClient) -> None:
    pinned, other = mine(people), mine(people)
    owner.get(URL)  # the first one notes when the token was used
    before = asked(owner)
    owner.post(f"{URL}/{pinned.pk}/pin", {"reason": "the audit"})
    assert [row["id"] for row in owner.get(URL, {"pinned": "true"}).json()["results"]] == [pinned.pk]
    assert [row["id"] for row in owner.get(URL, {"pinned": "false"}).json()["results"]] == [other.pk]
    assert owner.get(URL, {"pinned": "perhaps"}).status_code == 400
    assert asked(owner) == before


def test_logs_that_were_removed_say_so(people: People, owner: APIClient) -> None:
    execution = mine(people, days_ago=8)
    assert collect_logs() == 1
    base = f"{URL}/{execution.pk}"
    for path in ("logs", "logs/stdout", "logs/stderr?tail=10", "logs?download=true"):
        answer = owner.get(f"{base}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (410, "logs_removed")
        assert "logs are kept 7 days" in answer.json()["detail"]
    assert owner.get(base).json()["logs_removed_at"] == answer.json()["removed_at"].replace("+00:00", "Z")
    assert owner.get(f"{base}/artifacts").json()["results"][0]["name"] == "report.txt"


def test_a_removed_log_is_not_followed(people: People, owner: APIClient) -> None:
    execution = mine(people, days_ago=8)
    collect_logs()
    assert owner.get(f"{URL}/{execution.pk}/logs?follow=true").status_code == 410


def test_artifacts_that_were_removed_say_so(people: People, owner: APIClient, settings: LazySettings) -> None:
    execution = mine(people, days_ago=31)
    settings.ATTUNE_RETENTION_EXECUTIONS = None
    assert collect_artifacts() == 1
    for path in ("artifacts", "artifacts/1/report.txt"):
        answer = owner.get(f"{URL}/{execution.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (410, "artifacts_removed")
        assert "artifacts are kept 30 days" in answer.json()["detail"]
    assert owner.get(f"{URL}/{execution.pk}/result").status_code == 200


def test_an_execution_that_was_removed_is_not_there(people: People, owner: APIClient) -> None:
    execution = mine(people, days_ago=31)
    assert collect_executions() == 1
    for path in ("", "/logs", "/artifacts", "/history", "/result"):
        assert owner.get(f"{URL}/{execution.pk}{path}").status_code == 404


def test_a_worker_without_room_says_so(owner: APIClient) -> None:
    make_worker("full", refusal="unhealthy: disk: 12 MiB are free")
    make_worker("well")
    found = {row["name"]: row["refusal"] for row in owner.get("/api/v1/workers").json()["results"]}
    assert found == {"full": "unhealthy: disk: 12 MiB are free", "well": None}
