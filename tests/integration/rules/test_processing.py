"""The way of an event: rules judge it, matches are enforced, each exactly once."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import ApiToken, Identity
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.outbox import announce_all
from apps.executions.services.request import Requested, Wish, request_executions, request_within
from apps.executions.states import Status
from apps.executions.transitions import transition
from apps.rules import enforcing, judges, processing
from apps.rules.evaluation import Judge, judge_all
from apps.rules.models import Enforcement, Rule, RuleVersion, Verdicts
from apps.rules.overlap import release_forgotten
from apps.rules.processing import judge_open, sweep_events
from apps.rules.rendering import rendered
from apps.rules.services.rules import remove_rule, update_rule
from apps.rules.services.waiting import executions_of
from apps.triggers.models import Event, Trigger
from apps.triggers.services.sending import send_event
from tests.conductor import process_open
from tests.conftest import messages_in
from tests.factories import make_action, make_event, make_rule, make_trigger_type
from tests.people import People
from tests.threads import race

WEB = {"trigger.host": {"type": "startswith", "pattern": "web"}}


@pytest.fixture(autouse=True)
def pushed(people: People) -> None:
    make_trigger_type()
    make_action(
        parameters={"host": {"type": "string"}, "ports": {"type": "array"}, "token": {"type": "string", "secret": True}}
    )


def test_an_event_that_a_rule_matches_starts_its_action_as_the_rules_owner(people: People) -> None:
    rule = make_rule(
        people.owner, criteria=WEB, parameters={"host": "{{ trigger.host }}", "ports": "{{ trigger.ports }}"}
    )
    event = make_event({"host": "web1", "ports": [80, 443]})
    assert executions_of(event.pk) is None
    process_open()
    enforcement = Enforcement.objects.get(event=event)
    execution = Execution.objects.get(enforcements=enforcement)
    assert (enforcement.status, enforcement.rule_id, enforcement.rule_version) == ("started", rule.pk, 1)
    assert (execution.action_ref, execution.requested_by_id) == ("demo.deploy", people.owner.pk)
    assert execution.parameters == enforcement.parameters == {"host": "web1", "ports": [80, 443]}
    assert (execution.trace_id, execution.status) == (event.trace_id, "scheduled")
    assert executions_of(event.pk) == [execution.pk]
    assert messages_in(execution.queue) == 1


def test_the_first_criterion_that_says_no_is_kept_with_both_values(people: People) -> None:
    rule = make_rule(people.owner, criteria=WEB)
    event = make_event({"host": "db1"})
    process_open()
    assert not Enforcement.objects.exists()
    verdict = Verdicts.objects.get(event=event).body[str(rule.pk)]
    assert (verdict["rule"], verdict["version"], verdict["outcome"]) == ("on_push", 1, "criteria")
    assert (verdict["criterion"]["path"], verdict["criterion"]["value"]) == ("trigger.host", "db1")
    assert executions_of(event.pk) == []


def test_a_backstop_runs_only_when_no_other_rule_matched(people: People) -> None:
    make_rule(people.owner, criteria=WEB)
    backstop = make_rule(people.owner, "otherwise", kind="backstop")
    make_event({"host": "db1"})
    matched = make_event({"host": "web1"})
    process_open()
    assert list(Enforcement.objects.filter(rule=backstop).values_list("event__payload__host", flat=True)) == ["db1"]
    assert Verdicts.objects.get(event=matched).body[str(backstop.pk)]["outcome"] == "backstop_not_needed"


def test_a_rule_that_is_switched_off_is_named_but_does_nothing(people: People) -> None:
    rule = make_rule(people.owner)
    make_event()
    process_open()
    update_rule(people.owner, rule, {"is_enabled": False})
    event = make_event()
    process_open()
    assert Enforcement.objects.count() == 1
    assert Verdicts.objects.get(event=event).body[str(rule.pk)]["outcome"] == "disabled"


def test_a_changed_rule_judges_from_then_on(people: People) -> None:
    rule = make_rule(people.owner, criteria=WEB)
    make_event({"host": "db1"})
    process_open()
    rule = update_rule(people.owner, rule, {"criteria": {}})
    make_event({"host": "db1"})
    process_open()
    assert (rule.version, Enforcement.objects.get().rule_version) == (2, 2)


def test_rules_that_another_thread_lets_go_of_meanwhile_still_judge(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trigger_type("pulled")
    triggers = [make_rule(people.owner).trigger, make_rule(people.owner, "another", trigger="demo.pulled").trigger]
    names = [(trigger.type.ref, trigger.digest) for trigger in triggers]
    monkeypatch.setattr(judges, "_MOST_KEPT", 1)
    judges.judges_of(names[:1])
    real = judges.judge_of

    def while_another_judges(rule: Rule) -> Judge:
        monkeypatch.setattr(judges, "judge_of", real)
        race(1, lambda _: judges.judges_of(names[1:]))
        return real(rule)

    monkeypatch.setattr(judges, "judge_of", while_another_judges)
    assert set(judges.judges_of(names)) == set(names)


def test_rules_of_a_database_that_went_back_are_read_anew(people: People) -> None:
    """A fail-over may lose the last change: the next one must not look like the lost one to who kept its rules."""
    rule = make_rule(people.owner, criteria=WEB)
    before = Trigger.objects.get().rules_version
    lost = update_rule(people.owner, rule, {"criteria": {}})
    make_event({"host": "db1"})
    process_open()
    assert Enforcement.objects.count() == 1
    Rule.objects.filter(pk=lost.pk).update(criteria=WEB, version=1)
    RuleVersion.objects.filter(rule=lost, version=2).delete()
    Trigger.objects.update(rules_version=before)
    update_rule(people.owner, Rule.objects.get(pk=lost.pk), {"description": "Another change."})
    make_event({"host": "db1"})
    process_open()
    assert Enforcement.objects.count() == 1


def test_an_event_meets_only_rules_with_its_parameters(people: People) -> None:
    make_trigger_type("tick", parameters_schema={"type": "object", "properties": {"zone": {"default": "utc"}}})
    make_rule(people.owner, "utc", trigger="demo.tick")
    make_rule(people.owner, "cet", trigger="demo.tick", trigger_parameters={"zone": "cet"})
    make_event(type_ref="demo.tick", parameters={"zone": "utc"})
    make_event(type_ref="demo.tick")
    process_open()
    assert set(Enforcement.objects.values_list("rule__ref", flat=True)) == {"utc"}


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"parameters": {"host": "{{ trigger.nothing }}"}}, "rendering_failed", "/action/parameters/host"),
        ({"parameters": {"host": "{{ trigger.port }}"}}, "invalid_parameters", "/parameters/host"),
    ],
)
def test_what_keeps_a_match_from_running_is_its_reason(
    people: People, fields: JsonObject, code: str, pointer: str
) -> None:
    make_rule(people.owner, **fields)
    make_event({"port": 80})
    process_open()
    enforcement = Enforcement.objects.get()
    assert (enforcement.status, enforcement.execution_id) == ("failed", None)
    assert enforcement.reason is not None
    assert enforcement.reason["code"] == code
    assert pointer in enforcement.reason["errors"][0]["pointer"]


def test_an_owner_who_may_no_longer_run_the_action_starts_nothing(people: People) -> None:
    make_rule(people.owner)
    people.owner.role_assignments.all().delete()
    make_event()
    process_open()
    reason = Enforcement.objects.get().reason
    assert reason is not None
    assert reason["code"] == "unknown_action"


def test_an_owner_who_is_switched_off_starts_nothing(people: People) -> None:
    make_rule(people.owner)
    type(people.owner).objects.filter(pk=people.owner.pk).update(is_active=False)
    make_event()
    process_open()
    reason = Enforcement.objects.get().reason
    assert reason is not None
    assert reason["code"] == "owner_inactive"


def test_secret_parameters_are_masked_in_the_enforcement(people: People) -> None:
    make_rule(people.owner, parameters={"token": "{{ trigger.token }}"})
    make_event({"token": "hunter2hunter2"})
    process_open()
    assert Enforcement.objects.get().parameters == {"token": "***"}


def test_rules_that_set_each_other_off_are_stopped_and_told_of_once(people: People) -> None:
    make_trigger_type("alert", pack="core")
    make_rule(people.owner)
    make_rule(people.owner, "told", trigger="core.alert")
    first = make_event(depth=8)
    make_event(depth=8, trace_id=first.trace_id)
    process_open()
    suppressed = Enforcement.objects.filter(rule__ref="on_push")
    assert [row.status for row in suppressed] == ["suppressed"] * 2
    alert = Event.objects.get(type_ref="core.alert")
    assert (alert.payload["code"], alert.payload["rule"], alert.depth) == ("loop_suppressed", "on_push", 7)
    assert Enforcement.objects.get(rule__ref="told").status == "started"


def test_several_conductors_process_each_event_once(people: People) -> None:
    for number in range(3):
        make_rule(people.owner, f"rule{number}")
    for number in range(60):
        make_event({"n": number})
    race(4, lambda _: process_open())
    assert Enforcement.objects.filter(status="started").count() == 180
    assert Execution.objects.count() == 180
    assert not Event.objects.open().exists()


@pytest.mark.parametrize("phase", ["after judging", "while enforcing", "before the hint"])
def test_a_conductor_killed_between_the_steps_loses_and_doubles_nothing(people: People, phase: str) -> None:
    for name in ("one", "other"):  # matches of two rules in turn are decided one by one
        make_rule(people.owner, name)
    for number in range(5):
        make_event({"n": number})
    connection.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's alone; the child must not talk on our connections
    child = multiprocessing.get_context("fork").Process(target=_process_and_die, args=(phase,))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    process_open()
    assert Enforcement.objects.filter(status="started").count() == 10
    assert Execution.objects.count() == 10


def _process_and_die(phase: str) -> None:
    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def second(deed: Callable[..., object]) -> Callable[..., object]:
        """The second time it is its death."""
        calls: list[int] = []

        def once(*arguments: object, **named: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                die()
            return deed(*arguments, **named)

        return once

    if phase == "after judging":
        judge_open(limit=50)
        die()
    name = "_write" if phase == "while enforcing" else "cancel_as_system"
    if phase == "before the hint":
        real = request_within
        with patch.object(enforcing, "request_within", lambda *a: _with(real(*a), die)):
            process_open()
    with patch.object(enforcing, name, second(getattr(enforcing, name))):
        process_open()


def _with(requested: Requested, then: Callable[[], None]) -> Requested:
    return Requested(requested.execution_ids, requested.parameters, then)


def test_a_bug_costs_one_enforcement_and_not_the_others(people: People) -> None:
    make_rule(people.owner, "bad")
    make_rule(people.owner, "good")
    real = rendered

    def broken(templates: JsonObject, *, event: Event, rule: Rule) -> JsonObject:
        if rule.ref == "bad":
            raise ZeroDivisionError
        return real(templates, event=event, rule=rule)

    make_event()
    with patch.object(enforcing, "rendered", broken):
        process_open()
    found = {row.rule.ref: row for row in Enforcement.objects.select_related("rule")}
    assert (found["bad"].status, found["good"].status) == ("failed", "started")
    assert found["bad"].reason is not None
    assert found["bad"].reason["code"] == "internal_error"


class TestOverlap:
    def test_skip_starts_nothing_while_the_last_one_goes_on(self, people: People) -> None:
        make_rule(people.owner, overlap="skip")
        _two_events()
        assert [row.status for row in _enforcements()] == ["started", "skipped"]
        _end(_enforcements()[0])
        make_event()
        process_open()
        assert [row.status for row in _enforcements()] == ["started", "skipped", "started"]

    def test_queue_starts_them_one_after_another_in_their_order(self, people: People) -> None:
        make_rule(people.owner, overlap="queue")
        _two_events()
        make_event()
        process_open()
        assert [(row.status, row.is_waiting) for row in _enforcements()] == [
            ("started", False), ("pending", True), ("pending", True),
        ]  # fmt: skip
        for expected in (["started", "started", "pending"], ["started", "started", "started"]):
            last = [row for row in _enforcements() if row.status == "started"][-1]
            _end(last)
            assert last.execution_id is not None
            release_forgotten()
            process_open()
            assert [row.status for row in _enforcements()] == expected

    def test_cancel_running_ends_the_last_one_first(self, people: People) -> None:
        make_rule(people.owner, overlap="cancel_running")
        _two_events()
        first, second = _enforcements()
        assert first.execution is not None
        assert first.execution.status == "canceled"
        assert second.execution is not None
        assert second.execution.status == "scheduled"

    @pytest.mark.parametrize(
        ("overlap", "expected"), [("skip", "skipped"), ("queue", "pending"), ("cancel_running", "started")]
    )
    def test_what_was_started_before_the_overlap_was_limited_counts_while_it_goes_on(
        self, people: People, overlap: str, expected: str
    ) -> None:
        rule = make_rule(people.owner)
        make_event()
        process_open()
        update_rule(people.owner, rule, {"overlap": overlap})
        make_event()
        process_open()
        first, second = _enforcements()
        assert second.status == expected
        assert first.execution is not None
        assert (first.execution.status == "canceled") is (overlap == "cancel_running")

    def test_conductors_that_meet_let_one_through(self, people: People) -> None:
        make_rule(people.owner, overlap="skip")
        for _ in range(8):
            make_event()
        race(4, lambda _: process_open())
        assert sorted(row.status for row in _enforcements()) == ["skipped"] * 7 + ["started"]


def _two_events() -> None:
    for _ in range(2):
        make_event()
        process_open()


def _enforcements() -> list[Enforcement]:
    return list(Enforcement.objects.select_related("execution").order_by("pk"))


def _end(enforcement: Enforcement) -> None:
    assert enforcement.execution_id is not None
    transition(enforcement.execution_id, Status.CANCELED, expected={Status.SCHEDULED}, attempt=1)
    connection.close()


def test_the_sweep_finds_what_a_lost_hint_left_and_nothing_younger(people: People) -> None:
    make_rule(people.owner)
    old, _ = make_event(), make_event()
    assert sweep_events() == 0
    Event.objects.filter(pk=old.pk).update(received_at="2000-01-01T00:00Z")
    assert sweep_events() == 4
    assert Enforcement.objects.filter(status="started").count() == 2


def test_rules_that_have_not_changed_are_not_read_again(people: People) -> None:
    for number in range(20):
        make_rule(people.owner, f"rule{number}", criteria=WEB)
    make_event({"host": "db1"})
    process_open()
    make_event({"host": "db1"})
    with CaptureQueriesContext(connection) as captured:
        judge_open(limit=50)
    said = [query["sql"] for query in captured if "rules_rule" in query["sql"]]
    assert said == []
    assert len(captured) <= 8, captured.captured_queries


def test_a_rule_whose_pattern_cannot_be_kept_costs_neither_its_event_nor_the_others(people: People) -> None:
    poison = make_rule(people.owner, "poison", criteria={"trigger.host": {"type": "eq", "pattern": "{{ '\\x00' }}"}})
    make_rule(people.owner)
    events = [make_event({"host": "web1"}), make_event({"host": "web2"})]
    process_open()
    assert not Event.objects.open().exists()
    assert Enforcement.objects.filter(status="started").count() == 2
    assert Verdicts.objects.get(event=events[0]).body[str(poison.pk)]["outcome"] == "error"


def test_a_bug_that_one_event_meets_costs_that_event_alone_and_is_its_verdict(people: People) -> None:
    rule = make_rule(people.owner)
    first, bad, last = make_event({"n": 1}), make_event({"n": 2}), make_event({"n": 3})
    real = judge_all

    def broken(judges: Any, payload: JsonObject, *, now: Any) -> Any:
        if payload["n"] == 2:
            raise ZeroDivisionError
        return real(judges, payload, now=now)

    with patch.object(processing, "judge_all", broken):
        process_open()
    assert set(Enforcement.objects.values_list("event", "status")) == {(first.pk, "started"), (last.pk, "started")}
    assert not Event.objects.open().exists()
    verdict = Verdicts.objects.get(event=bad).body[str(rule.pk)]
    assert (verdict["outcome"], verdict["criterion"]["is_error"]) == ("error", True)


def test_a_batch_that_takes_long_is_closed_as_far_as_it_came(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "_STAY_S", -1.0)
    make_rule(people.owner)
    for _ in range(3):
        make_event()
    assert [judge_open(limit=50) for _ in range(4)] == [1, 1, 1, 0]
    assert Enforcement.objects.count() == 3


def test_what_matched_before_a_rule_had_another_owner_runs_as_the_old_one(people: People) -> None:
    rule = make_rule(people.teammate, parameters={"host": "old"})
    make_event()
    judge_open(limit=50)
    update_rule(people.administrator, rule, {"parameters": {"host": "new"}})
    make_event()
    process_open()
    found = Execution.objects.order_by("pk").values_list("requested_by", "parameters")
    assert list(found) == [(people.teammate.pk, {"host": "old"}), (people.administrator.pk, {"host": "new"})]


@pytest.mark.parametrize("is_removed", [False, True])
def test_what_waits_when_its_rule_is_switched_off_or_removed_does_not_start(people: People, is_removed: bool) -> None:
    rule = make_rule(people.owner, overlap="queue")
    for _ in range(3):
        make_event()
    process_open()
    if is_removed:
        remove_rule(people.owner, rule)
    else:
        update_rule(people.owner, rule, {"is_enabled": False})
    release_forgotten()
    process_open()
    assert [row.status for row in _enforcements()] == ["started", "skipped", "skipped"]
    reason = _enforcements()[2].reason
    assert reason is not None
    assert reason["code"] == "rule_disabled"


def test_who_waits_in_a_queue_that_is_none_any_more_is_due_at_once(people: People) -> None:
    rule = make_rule(people.owner, overlap="queue")
    for _ in range(3):
        make_event()
    process_open()
    update_rule(people.owner, rule, {"overlap": "allow"})
    release_forgotten()
    process_open()
    assert [row.status for row in _enforcements()] == ["started"] * 3


def test_what_an_execution_of_a_rule_starts_and_sends_with_its_token_is_of_its_trace_and_depth(people: People) -> None:
    make_trigger_type("execution_finished", pack="core")
    make_action("child")
    make_rule(people.owner)
    make_rule(people.owner, "again", trigger="core.execution_finished")
    event = make_event(depth=3)
    process_open()
    parent = Execution.objects.get(enforcements__event=event)
    owner = Identity.objects.get(pk=people.owner.pk)
    owner.token = ApiToken(identity=owner, execution_id=parent.pk)
    [child] = request_executions(owner, [Wish(action="demo.child")]).execution_ids
    sent = Event.objects.get(pk=send_event(owner, type_ref="demo.pushed", payload={}).event_id)
    _finish(child)
    finished = Event.objects.get(type_ref="core.execution_finished", caused_by_id=child)
    assert [(row.trace_id, row.depth) for row in (sent, finished)] == [(event.trace_id, 4)] * 2


def _finish(execution_id: int) -> None:
    transition(execution_id, Status.CANCELED, expected={Status.SCHEDULED}, attempt=1)
    announce_all()
