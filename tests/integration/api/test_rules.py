"""Rules, events, enforcements and traces over REST."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.services.tokens import issue_execution_token
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.rules.models import Enforcement, Rule
from apps.triggers.models import Event
from tests.conductor import process_open
from tests.factories import make_action, make_event, make_rule, make_trigger_type
from tests.people import People, client_of, make_identity

CRITERIA = {"trigger.host": {"type": "startswith", "pattern": "web"}}
BODY: JsonObject = {
    "name": "restart_web",
    "trigger": {"type": "demo.pushed"},
    "criteria": CRITERIA,
    "action": {"ref": "demo.deploy", "parameters": {"host": "{{ trigger.host }}"}},
    "labels": {"team": "web"},
}


@pytest.fixture(autouse=True)
def pushed(people: People) -> None:
    schema = {"type": "object", "properties": {"host": {"type": "string"}}}
    make_trigger_type(payload_schema=schema, aliases=["demo.st2.pushed"])
    make_action(parameters={"host": {"type": "string", "required": True}, "token": {"type": "string", "secret": True}})


@pytest.fixture
def client(people: People) -> APIClient:
    return client_of(people.owner)


def test_a_rule_is_made_read_changed_and_removed(client: APIClient) -> None:
    made = client.post("/api/v1/rules", BODY)
    assert made.status_code == 201, made.json()
    rule = made.json()
    assert (rule["ref"], rule["owner"], rule["version"], rule["enabled"]) == ("restart_web", "owner", 1, True)
    assert rule["action"] == BODY["action"]
    read = client.get("/api/v1/rules/restart_web")
    assert read.headers["ETag"] == made.headers["ETag"]
    changed = client.patch("/api/v1/rules/restart_web", {"overlap": "skip"}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.status_code, changed.json()["version"], changed.json()["overlap"]) == (200, 2, "skip")
    stale = client.patch("/api/v1/rules/restart_web", {"overlap": "allow"}, headers={"If-Match": read.headers["ETag"]})
    assert stale.status_code == 412
    assert client.post("/api/v1/rules/restart_web/disable").json()["enabled"] is False
    assert client.post("/api/v1/rules/restart_web/enable").json()["version"] == 2
    versions = client.get("/api/v1/rules/restart_web/versions").json()["results"]
    assert [row["body"]["overlap"] for row in versions] == ["skip", "allow"]
    assert [row["ref"] for row in client.get("/api/v1/rules?label=team:web&trigger=demo.pushed").json()["results"]]
    assert client.delete("/api/v1/rules/restart_web").status_code == 204
    assert client.get("/api/v1/rules/restart_web").status_code == 404
    assert client.post("/api/v1/rules", BODY).json()["version"] == 3


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"trigger": {"type": "demo.nothing"}}, "/trigger/type", "unknown_trigger"),
        ({"trigger": {"type": "demo.pushed", "parameters": {"x": 1}}}, "/trigger/parameters/x", "unknown"),
        ({"action": {"ref": "demo.nothing"}}, "/action/ref", "unknown_action"),
        ({"action": {"ref": "demo.deploy"}}, "/action/parameters/host", "required"),
        ({"action": {"ref": "demo.deploy", "parameters": {"host": 1}}}, "/action/parameters/host", "wrong_type"),
        (
            {"action": {"ref": "demo.deploy", "parameters": {"host": "a", "hots": "{{ trigger.host }}"}}},
            "/action/parameters/hots",
            "unknown",
        ),
        (
            {"action": {"ref": "demo.deploy", "parameters": {"host": "a", "token": "hunter2"}}},
            "/action/parameters/token",
            "secret_in_rule",
        ),
        ({"criteria": {"trigger.host": {"type": "smells", "pattern": 1}}}, "/criteria/trigger.host/type", None),
        ({"criteria": {"nothing.host": {"type": "eq", "pattern": 1}}}, "/criteria/nothing.host", None),
        ({"pack": "nothing"}, "/pack", "unknown_pack"),
        ({"name": "no name"}, "/name", "invalid"),
        ({"kind": "odd"}, "/kind", None),
        ({"enabled": "yes"}, "/enabled", None),
        ({"criteria": "all"}, "/criteria", "wrong_type"),
        ({"status": "x"}, "/status", "unknown_field"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_place(
    people: People, changes: JsonObject, pointer: str, code: str | None
) -> None:
    answer = client_of(people.administrator).post("/api/v1/rules", {**BODY, **changes})
    assert answer.status_code == 400, answer.json()
    found = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert pointer in found
    assert code is None or found[pointer] == code


def test_a_name_is_taken_once(client: APIClient) -> None:
    client.post("/api/v1/rules", BODY)
    again = client.post("/api/v1/rules", BODY)
    assert (again.status_code, again.json()["code"]) == (409, "rule_taken")


def test_nobody_writes_a_rule_that_may_more_than_they(people: People) -> None:
    make_identity("writer", role="writer", grants=("rule.*", "trigger.view", "action.view"))
    client = client_of(people.owner.__class__.objects.get(username="writer"))
    refused = client.post("/api/v1/rules", BODY)
    assert refused.json()["errors"][0]["code"] == "forbidden"
    make_rule(people.owner, parameters={"host": "a"})
    taken_over = client.patch("/api/v1/rules/on_push", {"action": {"ref": "demo.deploy", "parameters": {"host": "b"}}})
    assert taken_over.status_code == 400
    assert client.patch("/api/v1/rules/on_push", {"description": "of mine"}).json()["owner"] == "owner"
    as_another = client_of(people.owner).post("/api/v1/rules", {**BODY, "owner": "administrator"})
    assert as_another.status_code in (403, 404)


def test_who_changes_what_a_rule_does_owns_it(people: People) -> None:
    make_rule(people.owner, parameters={"host": "a"})
    changed = client_of(people.teammate).patch("/api/v1/rules/on_push", {"criteria": CRITERIA})
    assert changed.json()["owner"] == "teammate"


def test_a_stranger_sees_none_of_it(people: People) -> None:
    make_rule(people.owner, parameters={"host": "a"})
    event = make_event({"host": "web1"})
    process_open()
    make_identity("stranger", role="elsewhere", grants=("rule.*@pack:other", "event.*@pack:other"))
    client = client_of(people.owner.__class__.objects.get(username="stranger"))
    enforcement = Enforcement.objects.get()
    for address in (
        "rules/on_push", "rules/on_push/versions", f"events/{event.pk}", f"enforcements/{enforcement.pk}",
        f"traces/{event.trace_id}", f"rules/on_push/explain?event={event.pk}",
    ):  # fmt: skip
        assert client.get(f"/api/v1/{address}").status_code == 404, address
    for address in ("rules", "events", "enforcements"):
        assert client.get(f"/api/v1/{address}").json()["results"] == []


class TestEvents:
    def test_an_event_is_sent_once_for_each_dedupe_key(self, client: APIClient) -> None:
        body = {"type": "demo.st2.pushed", "payload": {"host": "web1"}, "dedupe_key": "delivery-1"}
        sent, again = client.post("/api/v1/events", body), client.post("/api/v1/events", body)
        assert (sent.status_code, again.status_code) == (201, 200)
        assert sent.json()["id"] == again.json()["id"]
        assert (sent.json()["type"], sent.json()["sent_by"]) == ("demo.pushed", "owner")

    @pytest.mark.parametrize(
        ("body", "status", "pointer"),
        [
            ({"type": "demo.nothing"}, 404, None),
            ({"type": "demo.pushed", "payload": {"host": 1}}, 400, "/payload/host"),
            ({"type": "demo.pushed", "payload": []}, 400, "/payload"),
            ({"type": "demo.pushed", "parameters": {"x": 1}}, 400, "/parameters/x"),
            ({"type": 1}, 400, "/type"),
        ],
    )
    def test_what_is_wrong_with_an_event_is_said(
        self, client: APIClient, body: JsonObject, status: int, pointer: str | None
    ) -> None:
        answer = client.post("/api/v1/events", body)
        assert answer.status_code == status
        assert pointer is None or answer.json()["errors"][0]["pointer"] == pointer

    def test_an_event_shows_what_each_rule_said_and_what_came_of_it(self, client: APIClient) -> None:
        client.post("/api/v1/rules", BODY)
        client.post(
            "/api/v1/rules", {**BODY, "name": "other", "criteria": {"trigger.host": {"type": "eq", "pattern": "x"}}}
        )
        event = client.post("/api/v1/events", {"type": "demo.pushed", "payload": {"host": "web1"}}).json()
        process_open()
        shown = client.get(f"/api/v1/events/{event['id']}").json()
        assert [(row["rule"], row["outcome"]) for row in shown["verdicts"]] == [
            ("restart_web", "matched"), ("other", "criteria"),
        ]  # fmt: skip
        assert shown["verdicts"][1]["criterion"]["value"] == "web1"
        [enforcement] = shown["enforcements"]
        assert (enforcement["status"], enforcement["parameters"]) == ("started", {"host": "web1"})
        assert client.get(f"/api/v1/enforcements/{enforcement['id']}").json() == enforcement
        assert client.get("/api/v1/enforcements?status=started&rule=restart_web").json()["results"] == [enforcement]

    def test_a_trace_holds_all_that_belongs_together(self, people: People, client: APIClient) -> None:
        make_rule(people.owner, parameters={"host": "a"})
        event = make_event({"host": "web1"})
        process_open()
        execution = Execution.objects.get()
        token = issue_execution_token(
            people.owner, execution_id=execution.pk, attempt=1, grants=["event.send"], lifetime=_minute()
        )
        program = APIClient()
        program.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        caused = program.post("/api/v1/events", {"type": "demo.pushed"}).json()
        assert (caused["caused_by"], caused["depth"]) == (execution.pk, 1)
        found = client.get(f"/api/v1/traces/{event.trace_id}").json()
        assert [row["id"] for row in found["executions"]] == [execution.pk]
        assert [row["event"] for row in found["enforcements"]] == [event.pk]
        assert event.pk in [row["id"] for row in found["events"]]
        assert client.get("/api/v1/traces/nothing").status_code == 404

    def test_a_replay_meets_the_rules_as_they_are_now(self, people: People, client: APIClient) -> None:
        for name in ("one", "two"):
            make_rule(
                people.owner, name, parameters={"host": "a"}, criteria={"trigger.host": {"type": "eq", "pattern": "x"}}
            )
        event = make_event({"host": "web1"})
        process_open()
        client.patch("/api/v1/rules/one", {"criteria": {}})
        client.patch("/api/v1/rules/two", {"criteria": {}})
        replayed = client.post(f"/api/v1/events/{event.pk}/replay", {"rule": "one"}).json()
        process_open()
        assert (replayed["replay_of"], replayed["source"], replayed["payload"]) == (
            event.pk,
            "replay",
            {"host": "web1"},
        )
        assert [row.rule.ref for row in Enforcement.objects.select_related("rule")] == ["one"]
        said = client.get(f"/api/v1/rules/two/explain?event={replayed['id']}").json()
        assert said["text"] == "the event was replayed for one alone"

    def test_an_event_is_not_replayed_for_a_rule_that_could_never_meet_it(
        self, people: People, client: APIClient
    ) -> None:
        make_trigger_type("pulled")
        make_rule(people.owner, trigger="demo.pulled", parameters={"host": "a"})
        event = make_event({"host": "web1"})
        refused = client.post(f"/api/v1/events/{event.pk}/replay", {"rule": "on_push"})
        assert (refused.status_code, refused.json()["code"]) == (400, "rule_listens_elsewhere")
        [error] = refused.json()["errors"]
        assert (error["pointer"], error["detail"]) == (
            "/rule", "the rule listens to demo.pulled; the event is of demo.pushed"
        )  # fmt: skip
        assert Event.objects.count() == 1

    def test_who_may_not_see_a_rule_does_not_learn_what_it_matched(self, people: People, client: APIClient) -> None:
        make_rule(people.owner, parameters={"host": "a"})
        event = make_event({"host": "web1"})
        process_open()
        reader = client_of(make_identity("reader", role="reader", grants=("event.view",)))
        found = {who: who.get("/api/v1/events?rule=on_push").json()["results"] for who in (client, reader)}
        assert [row["id"] for row in found[client]] == [event.pk]
        assert found[reader] == []


class TestExplain:
    def test_it_says_what_was_then_and_what_would_be_now(self, people: People, client: APIClient) -> None:
        client.post("/api/v1/rules", BODY)
        event = make_event({"host": "db1"})
        process_open()
        client.patch("/api/v1/rules/restart_web", {"criteria": {}})
        said = client.get(f"/api/v1/rules/restart_web/explain?event={event.pk}").json()
        assert said["then"]["version"] == 1
        assert said["then"]["criterion"]["value"] == "db1"
        assert "does not hold" in said["text"]
        assert (said["now"]["outcome"], said["now"]["parameters"]) == ("matched", {"host": "db1"})

    def test_it_says_why_they_did_not_meet(self, people: People, client: APIClient) -> None:
        make_trigger_type("pulled")
        before = make_event({"host": "web1"})
        process_open()
        client.post("/api/v1/rules", BODY)
        other = make_event(type_ref="demo.pulled")
        for event, words in ((before, "did not listen"), (other, "is not processed yet")):
            said: Any = client.get(f"/api/v1/rules/restart_web/explain?event={event.pk}").json()
            assert words in said["text"]
        process_open()
        assert (
            "listens to demo.pushed" in client.get(f"/api/v1/rules/restart_web/explain?event={other.pk}").json()["text"]
        )

    def test_a_payload_can_be_tried(self, client: APIClient) -> None:
        client.post("/api/v1/rules", BODY)
        address = "/api/v1/rules/restart_web/test"
        said = client.post(address, {"payload": {"host": "web1"}}).json()
        assert (said["outcome"], said["parameters"], said["errors"]) == ("matched", {"host": "web1"}, [])
        assert [finding["holds"] for finding in said["findings"]] == [True]
        empty = client.post(address, {"payload": {"x": 1}}).json()
        assert (empty["outcome"], empty["parameters"]) == ("criteria", None)
        assert empty["errors"][0]["pointer"] == "/action/parameters/host"
        tried = client.post(address, {"payload": {"x": 1}, "criteria": {}, "parameters": {"host": "b"}}).json()
        assert (tried["outcome"], tried["parameters"]) == ("matched", {"host": "b"})
        assert client.post(address, {}).status_code == 400
        assert client.post(address, {"payload": {}, "criteria": {"trigger.x": {"type": "odd"}}}).status_code == 400
        assert not Enforcement.objects.exists()


def test_triggers_are_listed_and_found_by_other_names(people: People, client: APIClient) -> None:
    make_rule(people.owner, parameters={"host": "a"})
    assert [row["ref"] for row in client.get("/api/v1/triggers?pack=demo").json()["results"]] == ["demo.pushed"]
    found = client.get("/api/v1/triggers/demo.st2.pushed").json()
    assert (found["ref"], found["rules"]) == ("demo.pushed", ["on_push"])
    assert client.get("/api/v1/triggers/demo.nothing").status_code == 404
    make_event({"host": "web1"})
    for address in ("rules?trigger=", "events?type="):
        assert len(client.get(f"/api/v1/{address}demo.st2.pushed").json()["results"]) == 1, address
        assert client.get(f"/api/v1/{address}demo.nothing").json()["results"] == [], address
    assert Rule.objects.get().trigger.is_listened


def _minute() -> Any:
    from datetime import timedelta

    return timedelta(minutes=1)


def test_who_sends_what_was_sent_before_reads_nothing_of_it_without_the_right_to_see_events(client: APIClient) -> None:
    first = client.post("/api/v1/events", {"type": "demo.pushed", "payload": {"host": "s3cret"}, "dedupe_key": "k"})
    sender = client_of(make_identity("sender", role="sender", grants=("event.send@pack:demo",)))
    again = sender.post("/api/v1/events", {"type": "demo.pushed", "dedupe_key": "k"})
    assert (again.status_code, again.json()["id"], again.json()["payload"]) == (200, first.json()["id"], None)
    assert "s3cret" not in again.content.decode()
    assert "owner" not in again.content.decode()
