"""What holds for all criteria and all payloads."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from apps.core.types import JsonObject
from apps.rules.criteria import Compiled, Dialect, InvalidCriteria, Outcome, compile_criteria
from apps.rules.criteria.evaluate import MAX_STEPS, Run, Scope
from apps.rules.criteria.explain import MAX_SHOWN_CHARS, shortened
from tests.unit.rules.criteria.payloads import CRITERIA, PAYLOADS, SCALARS, VALUES

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DIALECTS = st.sampled_from(["attune", "stackstorm"])
OPPOSITES = [("eq", "neq"), ("contains", "ncontains"), ("icontains", "incontains"), ("in", "nin")]
of_many = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def _compiled(criteria: Any, dialect: Dialect = "attune") -> Compiled:
    try:
        return compile_criteria(criteria, dialect=dialect)
    except InvalidCriteria:
        assume(False)
        raise


def _answer(criteria: Any, payload: JsonObject, dialect: Dialect = "attune") -> bool | None:
    """Yes, no, or None for a mistake."""
    refusal = _compiled(criteria, dialect).node.check(Scope(payload), Run(NOW))
    return True if refusal is None else None if refusal.is_unknown else False


@of_many
@given(CRITERIA | VALUES, PAYLOADS, DIALECTS)
def test_criteria_are_refused_or_answer_and_never_raise(criteria: Any, payload: JsonObject, dialect: Dialect) -> None:
    compiled = _compiled(criteria, dialect)
    outcome = compiled.evaluate(payload, now=NOW)
    assert isinstance(outcome, Outcome)
    assert outcome.matched == (outcome.failed is None)
    if outcome.failed is not None:
        assert outcome.failed.text
        json.dumps(outcome.failed.as_json())
    assert len(compiled.explain(payload, now=NOW)) == len(compiled.leaves)


@of_many
@given(CRITERIA, PAYLOADS)
def test_an_evaluation_keeps_its_bound(criteria: Any, payload: JsonObject) -> None:
    run = Run(NOW)
    _compiled(criteria).node.check(Scope(payload), run)
    assert 0 <= run.steps <= MAX_STEPS


@of_many
@given(CRITERIA, PAYLOADS)
def test_not_turns_yes_and_no_around_and_keeps_mistakes(criteria: Any, payload: JsonObject) -> None:
    answer = _answer(criteria, payload)
    assert _answer({"not": criteria}, payload) == (None if answer is None else not answer)
    assert _answer({"not": {"not": criteria}}, payload) == answer


@of_many
@given(CRITERIA, CRITERIA, PAYLOADS)
def test_groups_obey_de_morgan(one: Any, other: Any, payload: JsonObject) -> None:
    both, either = {"all": [one, other]}, {"any": [one, other]}
    neither = {"all": [{"not": one}, {"not": other}]}
    not_both = {"any": [{"not": one}, {"not": other}]}
    assert _answer({"not": both}, payload) == _answer(not_both, payload)
    assert _answer({"not": either}, payload) == _answer(neither, payload)


@of_many
@given(CRITERIA, CRITERIA, PAYLOADS)
def test_a_list_is_all_of_them_in_any_order(one: Any, other: Any, payload: JsonObject) -> None:
    answer = _answer([one, other], payload)
    assert _answer([other, one], payload) == answer
    assert _answer({"all": [one, other]}, payload) == answer


@of_many
@given(st.sampled_from(OPPOSITES), VALUES, VALUES, DIALECTS)
def test_opposites_are_opposite_wherever_they_can_be_asked(
    names: tuple[str, str], value: Any, pattern: Any, dialect: Dialect
) -> None:
    assume(value is not None and pattern is not None)
    yes, no = (_answer({"trigger.v": {"type": name, "pattern": pattern}}, {"v": value}, dialect) for name in names)
    assert (yes is None) == (no is None)
    assert yes is None or yes is not no


@of_many
@given(VALUES)
def test_a_value_equals_itself_and_is_shown_shortly(value: Any) -> None:
    assume(value is not None and "{{" not in json.dumps(value))
    assert _answer({"trigger.v": {"type": "eq", "pattern": value}}, {"v": value}) is True
    shown = shortened(value)
    assert shown == value or (isinstance(shown, str) and len(shown) == MAX_SHOWN_CHARS and shown.endswith("…"))


@of_many
@given(SCALARS, SCALARS)
def test_less_and_greater_exclude_each_other(value: Any, pattern: Any) -> None:
    assume(pattern is not None)
    less, greater = (_answer({"trigger.v": {"type": name, "pattern": pattern}}, {"v": value}) for name in ("lt", "gt"))
    assert not (less and greater)
    assert (less is None) == (greater is None)


@pytest.mark.parametrize("payload", [{}, {"v": None}, {"w": 1}])
def test_no_criteria_hold_for_every_payload(payload: JsonObject) -> None:
    assert compile_criteria({}).evaluate(payload, now=NOW).matched
    assert compile_criteria([]).evaluate(payload, now=NOW).matched
