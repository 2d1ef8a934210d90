"""What the rules of a trigger say of an event."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.core.types import JsonObject
from apps.rules import evaluation
from apps.rules.evaluation import Judge, compiled, judge_all

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def judge(rule_id: int, criteria: JsonObject | None = None, **said: Any) -> Judge:
    fields = {"version": 1, "is_enabled": True, "is_backstop": False, **said}
    return Judge(rule_id=rule_id, ref=f"rule{rule_id}", criteria=compiled(criteria or {}, "attune"), **fields)


def outcomes(*judges: Judge, payload: JsonObject | None = None) -> list[str]:
    said = judge_all(judges, payload or {}, now=NOW)
    return [said[item.rule_id].outcome for item in judges]


NEVER: JsonObject = {"trigger.host": {"type": "eq", "pattern": "x"}}


def test_several_rules_may_match_one_event() -> None:
    assert outcomes(judge(1), judge(2), judge(3, NEVER)) == ["matched", "matched", "criteria"]


def test_backstops_are_asked_last_whatever_their_place() -> None:
    assert outcomes(judge(1, is_backstop=True), judge(2)) == ["backstop_not_needed", "matched"]
    assert outcomes(judge(1, is_backstop=True), judge(2, NEVER), judge(3, is_backstop=True)) == [
        "matched", "criteria", "matched",
    ]  # fmt: skip


def test_a_rule_that_is_switched_off_does_not_keep_a_backstop_from_running() -> None:
    assert outcomes(judge(1, is_backstop=True), judge(2, is_enabled=False)) == ["matched", "disabled"]


def test_a_criterion_that_cannot_be_asked_is_an_error_and_no_match() -> None:
    criteria: JsonObject = {"trigger.count": {"type": "gt", "pattern": 3}}
    assert outcomes(judge(1, criteria), payload={"count": "many"}) == ["error"]


def test_criteria_of_another_version_of_attune_are_an_error_and_the_others_are_asked() -> None:
    assert outcomes(judge(1, {"trigger.x": {"type": "from_the_future"}}), judge(2)) == ["error", "matched"]


def test_rules_that_take_too_long_leave_the_others_unasked_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "MAX_JUDGING_S", -1.0)
    said = judge_all([judge(1), judge(2, is_backstop=True)], {}, now=NOW)
    assert [verdict.outcome for verdict in said.values()] == ["error", "error"]
    assert said[1].criterion is not None
    assert "too long" in said[1].criterion["text"]


def test_criteria_that_cannot_be_read_cost_their_rule_alone() -> None:
    assert outcomes(judge(1, {"trigger.x": {"type": "eq", "pattern": 10**30}}), judge(2)) == ["error", "matched"]
