"""Every deed leaves one record that nobody can change, with no secret in it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.services.login import MOST_OF_ACCOUNT
from apps.audit.models import AuditRecord
from apps.audit.retention import collect_audit
from apps.audit.services import record
from tests.factories import make_action
from tests.people import People, client_of

URL = "/api/v1/audit"
CANARY = "sw0rdf1sh-canary"


def told(**filters: Any) -> list[tuple[Any, ...]]:
    rows = AuditRecord.objects.filter(**filters).order_by("id")
    return list(rows.values_list("who", "deed", "on", "outcome"))


def log_in(client: Client, name: str, password: str = "wrong") -> int:
    body = {"username": name, "password": password}
    return client.post("/api/v1/auth/login", body, content_type="application/json").status_code


@pytest.fixture
def administrator(people: People) -> APIClient:
    return client_of(people.administrator)


@pytest.fixture
def owner(people: People) -> APIClient:
    return client_of(people.owner)


def test_whoever_is_not_known_cannot_fill_the_table_with_logins(people: People) -> None:
    """That an account or an address is closed is recorded once, not for each of the thousands of tries after that."""
    client = Client()
    statuses = [log_in(client, "owner") for _ in range(MOST_OF_ACCOUNT + 5)]
    assert statuses == [401] * MOST_OF_ACCOUNT + [429] * 5
    assert told() == [("", "login", "owner", "refused")] * (MOST_OF_ACCOUNT + 1)


@pytest.mark.parametrize("words", ["UPDATE audit_auditrecord SET who = ''", "DELETE FROM audit_auditrecord"])
def test_the_database_refuses_to_change_or_delete_a_record(people: People, words: str) -> None:
    record("key.reveal", by=people.owner, on="a")
    with (
        pytest.raises((ProgrammingError, InternalError), match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(words)
    assert told() == [("owner", "key.reveal", "a", "done")]


def test_what_changes_things_over_rest_is_recorded_with_its_request(administrator: APIClient, owner: APIClient) -> None:
    make_action()
    ran = owner.post("/api/v1/executions", {"action": "demo.deploy", "parameters": {}}, format="json")
    assert ran.status_code == 201
    owner.patch("/api/v1/actions/demo.deploy", {"enabled": False}, format="json")
    administrator.patch("/api/v1/actions/demo.deploy", {"enabled": False}, format="json")
    administrator.patch("/api/v1/actions/demo.nothing", {"enabled": False}, format="json")
    owner.get("/api/v1/actions")
    pk = str(ran.json()["id"])
    assert told() == [
        ("owner", "execution.run", pk, "done"),
        ("owner", "action.manage", "demo.deploy", "refused"),
        ("administrator", "action.manage", "demo.deploy", "done"),
        ("administrator", "action.manage", "demo.nothing", "failed"),
    ]
    first = AuditRecord.objects.order_by("id")[0]
    assert (first.request_id, first.address) == (ran.headers["X-Request-Id"], "127.0.0.1")
    assert first.facts == {"request": "POST /api/v1/executions", "action": "demo.deploy", "status": 201}
    assert AuditRecord.objects.get(outcome="failed").facts["code"] == "unknown_action"


@pytest.mark.parametrize(("said", "told"), [("192.0.2.7", "192.0.2.7"), ("<b>not me</b>", ""), ("1.2.3.4\nroot", "")])
def test_what_is_no_address_is_not_recorded_as_one(people: People, said: str, told: str) -> None:
    """Through a proxy that is trusted, an address is what some header says."""
    body = {"username": "owner", "password": "wrong"}
    Client().post("/api/v1/auth/login", body, content_type="application/json", REMOTE_ADDR=said)
    assert AuditRecord.objects.get().address == told


def test_whoever_is_not_known_leaves_no_record(people: People) -> None:
    assert client_of(None).post("/api/v1/executions", {}, format="json").status_code == 401
    assert told() == []


def test_logins_are_recorded_also_refused_ones_but_not_what_was_typed(people: People) -> None:
    client = Client()
    for name, password in (("owner", "correct horse"), ("owner", "wrong"), (CANARY, "wrong")):
        body = json.dumps({"username": name, "password": password})
        client.post("/api/v1/auth/login", body, content_type="application/json")
    assert told() == [
        ("owner", "login", "owner", "done"),
        ("", "login", "owner", "refused"),
        ("", "login", "", "refused"),
    ]
    client.post("/admin/logout/")
    assert told()[-1] == ("owner", "logout", "owner", "done")


def test_deeds_of_the_console_are_recorded(people: People) -> None:
    make_action()
    client = Client()
    client.force_login(people.owner)
    client.post("/admin/actions/demo.deploy/enabled/", {"enabled": "off"})
    client.force_login(people.administrator)
    client.post("/admin/actions/demo.deploy/enabled/", {"enabled": "off"})
    assert told(deed="action.manage") == [
        ("owner", "action.manage", "demo.deploy", "refused"),
        ("administrator", "action.manage", "demo.deploy", "done"),
    ]


def test_a_deed_that_only_a_form_names_is_recorded_by_its_own_verb(people: People) -> None:
    client = Client()
    client.force_login(people.administrator)
    page = f"/admin/identities/{people.owner.pk}/"
    client.post(page, {"deed": "reset"})
    client.post(page, {"deed": "assign", "role": "nonsense"})
    client.post(page, {"deed": "token"})
    client.post("/admin/executions/bulk/", {"deed": "cancel", "id": "1"})
    deeds = [(deed, on, outcome) for _, deed, on, outcome in told() if deed != "login"]
    assert deeds == [
        ("identity.manage", "owner", "done"),
        ("role.manage", "owner", "failed"),
        ("token.manage", "owner", "refused"),
        ("execution.cancel", "", "done"),
    ]


def test_no_secret_is_in_a_record(administrator: APIClient) -> None:
    make_action(parameters={"token": {"type": "string", "secret": True}})
    administrator.post("/api/v1/executions", {"action": "demo.deploy", "parameters": {"token": CANARY}}, format="json")
    administrator.put("/api/v1/keys/a", {"value": CANARY}, format="json")
    administrator.put("/api/v1/keys/a", {"value": CANARY, "colour": CANARY}, format="json")
    administrator.post("/api/v1/keys/a/reveal")
    assert len(told()) == 4
    assert CANARY not in repr(list(AuditRecord.objects.values()))


def test_it_is_read_by_administrators_alone_narrowed_and_in_pages(administrator: APIClient, people: People) -> None:
    for number in range(5):
        record("key.read", by=people.owner, on=f"key_{number}")
    record("key.reveal", by=people.teammate, on="key_1", outcome="refused")
    assert client_of(people.owner).get(URL).status_code == 403
    page = administrator.get(f"{URL}?limit=2").json()
    assert [row["deed"] for row in page["results"]] == ["key.reveal", "key.read"]
    assert administrator.get(f"{URL}?limit=2&cursor={page['next']}").json()["results"][0]["on"] == "key_3"
    for query, count in (
        ("who=owner", 5),
        ("deed=key.reveal", 1),
        ("on=key_1", 2),
        ("outcome=done", 5),
        ("outcome=done,refused", 6),
        ("since=2001-01-01T00:00:00Z", 6),
        ("until=2001-01-01T00:00:00Z", 0),
    ):
        assert len(administrator.get(f"{URL}?{query}").json()["results"]) == count, query
    assert administrator.get(f"{URL}?colour=red").status_code == 400
    assert administrator.delete(URL).status_code == 405


def test_the_export_has_a_line_for_each_oldest_first(administrator: APIClient, people: People) -> None:
    for number in range(3):
        record("key.read", by=people.owner, on=f"key_{number}", facts={"version": number})
    answer = administrator.get(f"{URL}/export?deed=key.read")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert [(line["on"], line["facts"]) for line in lines] == [(f"key_{n}", {"version": n}) for n in range(3)]
    assert client_of(people.owner).get(f"{URL}/export").status_code == 403
    assert administrator.get(f"{URL}/export?limit=3").status_code == 400


def test_records_go_when_they_are_old_enough_and_never_within_30_days(people: People, settings: Settings) -> None:
    for days in (400, 100, 29, 0):
        at = timezone.now() - timedelta(days=days)
        AuditRecord.objects.create(at=at, who=f"{days} days", deed="login", outcome="done")
    assert collect_audit() == 1
    assert [row[0] for row in told()] == ["100 days", "29 days", "0 days"]
    settings.ATTUNE_RETENTION_AUDIT = timedelta(days=1)
    assert collect_audit() == 1
    assert [row[0] for row in told()] == ["29 days", "0 days"]
    settings.ATTUNE_RETENTION_AUDIT = None
    assert collect_audit() == 0
    with pytest.raises(ProgrammingError, match="only added to"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditrecord")
