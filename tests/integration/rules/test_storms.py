"""Matches that wait together: one request for those of a rule, the reason of each by itself for what does not go."""

import multiprocessing
import os
import signal
from unittest.mock import patch

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.executions.models import Execution
from apps.executions.services.request import request_within
from apps.rules import storms
from apps.rules.models import Enforcement
from apps.rules.processing import judge_open
from apps.rules.services.rules import update_rule
from apps.rules.storms import enforce_due
from apps.triggers.models import Event
from tests.conductor import process_open
from tests.factories import make_action, make_event, make_policy, make_rule, make_trigger_type
from tests.people import People

HOST = {"host": "{{ trigger.host }}"}


@pytest.fixture(autouse=True)
def pushed(people: People) -> None:
    make_trigger_type()
    make_action(parameters={"host": {"type": "string"}, "token": {"type": "string", "secret": True}})


def _judged(*hosts: object) -> list[Event]:
    events = [make_event({"host": host}) for host in hosts]
    judge_open(limit=50)
    return events


def test_those_of_one_rule_become_executions_with_one_request(people: People) -> None:
    make_rule(people.owner, parameters={**HOST, "token": "{{ trigger.host }}"})
    events = _judged(*(f"web{number}" for number in range(20)))
    with CaptureQueriesContext(connection) as captured:
        assert enforce_due() == 20
    assert sum("INSERT INTO executions_execution" in query["sql"] for query in captured) == 1
    assert [(match.event_id, match.status, match.parameters) for match in Enforcement.objects.order_by("pk")] == [
        (event.pk, "started", {"host": event.payload["host"], "token": "***"}) for event in events
    ]
    made = Execution.objects.order_by("pk").values_list("enforcements__event_id", "trace_id", "status")
    assert list(made) == [(event.pk, event.trace_id, "scheduled") for event in events]
    assert enforce_due() == 0


def test_one_that_cannot_start_fails_by_itself_and_the_others_start(people: People) -> None:
    make_rule(people.owner, parameters=HOST)
    _judged("web1", 5, "web2")
    process_open()
    assert list(Enforcement.objects.order_by("pk").values_list("status", "reason__code")) == [
        ("started", None), ("failed", "invalid_parameters"), ("started", None),
    ]  # fmt: skip
    assert Execution.objects.count() == 2


def test_where_a_line_is_full_it_is_not_tried_together_for_each_of_them(people: People) -> None:
    make_policy(limit=1, max_waiting=1)
    make_rule(people.owner, parameters=HOST)
    _judged(*(f"web{number}" for number in range(10)))
    with patch.object(storms, "request_within", wraps=request_within) as together:
        process_open()
    assert list(Enforcement.objects.order_by("pk").values_list("status", "reason__code")) == [
        ("started", None), ("started", None), *[("failed", "line_full")] * 8,
    ]  # fmt: skip
    assert together.call_count == 1


def test_a_bug_of_one_costs_it_and_not_the_others(people: People, caplog: pytest.LogCaptureFixture) -> None:
    make_rule(people.owner, parameters=HOST)
    _judged("web1", "web2")
    with patch.object(storms, "_write", side_effect=ZeroDivisionError):
        process_open()
    assert list(Enforcement.objects.values_list("status", flat=True)) == ["started"] * 2
    assert Execution.objects.count() == 2
    assert "failed together by a bug" in caplog.text


def test_what_a_rule_said_when_it_matched_holds(people: People) -> None:
    rule = make_rule(people.owner, parameters=HOST)
    _judged("web1", "web2")
    update_rule(people.owner, rule, {"parameters": {"host": "changed"}})
    process_open()
    assert [execution.parameters["host"] for execution in Execution.objects.order_by("pk")] == ["web1", "web2"]


def test_rules_of_one_line_keep_the_order_of_their_events(people: People) -> None:
    make_policy(limit=1)
    for name in ("first", "second"):
        make_rule(people.owner, name, parameters=HOST, criteria={"trigger.by": {"type": "eq", "pattern": name}})
    for name in ("first", "first", "second", "first"):
        make_event({"host": "web", "by": name})
    judge_open(limit=50)
    process_open()
    in_line = Execution.objects.order_by("number").values_list("enforcements__rule__ref", flat=True)
    assert list(in_line) == ["first", "first", "second", "first"]


def test_a_conductor_killed_while_it_starts_them_loses_and_doubles_nothing(people: People) -> None:
    make_rule(people.owner, parameters=HOST)
    _judged(*(f"web{number}" for number in range(5)))
    connection.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's alone; the child must not talk on our connections
    child = multiprocessing.get_context("fork").Process(target=_start_and_die)
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert not Execution.objects.exists()
    process_open()
    assert Enforcement.objects.filter(status="started").count() == 5
    assert Execution.objects.count() == 5


def _start_and_die() -> None:
    with patch.object(storms, "_write", lambda *_: os.kill(os.getpid(), signal.SIGKILL)):
        process_open()
