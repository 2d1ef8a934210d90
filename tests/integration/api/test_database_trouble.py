"""A database that gives a request up: every view says so with 503 and when to come back."""

from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.api.executions import views
from apps.api.executions.represent import represent
from apps.executions import lines
from apps.executions.models import Execution
from apps.executions.services import request
from apps.executions.transitions import insert, transition_many
from tests.database_trouble import end_sessions_of_this_test, locked_tables, no_free_connection, once_cut_off
from tests.factories import make_action, make_execution, make_gate, make_worker
from tests.integration.api.test_attacks import addresses, filled, send
from tests.people import People, client_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def client(people: People) -> APIClient:
    action = make_action(parameters={"host": {"type": "string"}}, concurrency={"limit": 1})
    make_execution(action, requested_by_id=people.administrator.pk)
    make_worker()
    make_gate()
    client = client_of(people.administrator)
    client.raise_request_exception = False
    return client


@pytest.fixture
def attacker(client: APIClient, people: People) -> APIClient:
    """Whom no revoked token stops."""
    client.force_authenticate(people.administrator)
    return client


def is_told(answer: Any, code: str) -> bool:
    body = answer.json()
    return (
        (answer.status_code, answer["Content-Type"], body["code"]) == (503, "application/problem+json", code)
        and int(answer["Retry-After"]) > 0
        and bool(body["detail"])
    )


def test_every_view_says_that_the_database_is_busy(attacker: APIClient) -> None:
    pk = Execution.objects.get().pk
    bugs, told = [], 0
    with locked_tables():
        for address in addresses():
            for method in METHODS:
                answer = send(attacker, method, filled(address, pk), b'{"action": "demo.deploy", "ids": [1]}')
                if answer.status_code == 503:
                    assert is_told(answer, "database_busy"), (method, address)
                    told += 1
                elif answer.status_code >= 500:
                    bugs.append((method, address, answer.status_code))
                answer.close()
    assert bugs == []
    assert told > 30


def test_a_request_without_a_free_connection_is_refused_with_a_time_to_come_back(client: APIClient) -> None:
    with no_free_connection():
        answer = client.get("/api/v1/executions")
        ready = client.get("/readyz")
    assert is_told(answer, "database_away")
    assert (ready.status_code, ready["Retry-After"]) == (503, "5")
    assert client.get("/api/v1/executions").status_code == 200


def test_connections_that_ended_between_two_requests_are_nobodys_business(client: APIClient) -> None:
    client.get("/api/v1/executions")
    connection.close()  # as after each request; the test's client does not
    end_sessions_of_this_test()
    assert client.get("/api/v1/executions").status_code == 200


def test_a_login_that_meets_a_busy_database_is_told_so(client: APIClient) -> None:
    with locked_tables():
        assert is_told(client.get("/api/v1/executions"), "database_busy")


def test_what_was_accepted_is_told_so_though_the_database_went_away_after_it(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_action("gated", concurrency={"limit": 5})
    monkeypatch.setattr(lines, "transition_many", once_cut_off(transition_many))
    answer = client.post("/api/v1/executions", {"action": "demo.gated"}, format="json")
    assert answer.status_code == 201
    assert Execution.objects.filter(action_ref="demo.gated").count() == 1


@pytest.mark.parametrize("is_rerun", [False, True])
def test_what_was_accepted_is_told_so_though_the_database_went_away_before_the_answer(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, is_rerun: bool
) -> None:
    address = f"/api/v1/executions/{Execution.objects.get().pk}/rerun" if is_rerun else "/api/v1/executions"
    monkeypatch.setattr(views, "represent", once_cut_off(represent))
    answer = client.post(address, {} if is_rerun else {"action": "demo.deploy"}, format="json")
    assert answer.status_code == 201
    assert Execution.objects.count() == 2


def test_a_request_under_a_key_is_accepted_once_though_its_connection_was_lost(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "insert", once_cut_off(insert))
    body = {"action": "demo.deploy"}
    answer = client.post("/api/v1/executions", body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert answer.status_code == 201
    again = client.post("/api/v1/executions", body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])


def test_a_request_without_a_key_is_not_asked_twice_for_whoever_lost_the_answer(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "insert", once_cut_off(insert))
    answer = client.post("/api/v1/executions", {"action": "demo.deploy"}, format="json")
    assert is_told(answer, "database_away")
    assert Execution.objects.count() == 1
