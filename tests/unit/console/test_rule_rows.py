"""Criteria as rows of the builder, and back."""

from typing import Any

import pytest

from apps.console.rule_form.rows import END, MOST_ROWS, NotInRows, Row, balanced, criteria_of, rows_of
from apps.console.rule_form.words import operators_for, verb_of
from apps.rules.criteria import OPERATORS, compile_criteria

IS = {"type": "equals", "pattern": 1}


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"trigger.a": IS},
        {"trigger.a": IS, "trigger.a#again": IS, "any": {"trigger.b": IS, "trigger.c": IS}},
        {"any": [{"trigger.a": IS}, {"trigger.a": IS}]},
        {"any": {"all": {"trigger.a": IS, "trigger.b": IS}, "not": {"any": {"trigger.c": IS}}}},
        [{"trigger.a": IS}, {"trigger.a": {"type": "exists"}}],
        {"trigger.a": {"type": "search", "condition": "all2any", "pattern": {"item.x": IS}}},
        *({"trigger.a": {"type": "equals", "pattern": p}} for p in ("", " x", "80", "true", '"q"', "web", "[", None)),
        *({"trigger.a": {"type": "equals", "pattern": p}} for p in (80, 0.5, True, [1, "a"], {"b": None}, "9" * 40)),
        *({"trigger.a": {"type": "regex", "pattern": p}} for p in ("[0-9]+", "80", '"', " ")),
        {"trigger.a": {"type": "inside", "pattern": ["a", "b"]}},
        {"trigger.a": {"type": "exists"}},
    ],
)
def test_criteria_come_back_as_they_were(criteria: Any) -> None:
    assert criteria_of(rows_of(criteria))[0] == criteria


@pytest.mark.parametrize(
    ("criteria", "same"),
    [
        ([{"trigger.a": IS, "trigger.b": IS}], {"trigger.a": IS, "trigger.b": IS}),
        ({"any": [{"trigger.a": IS, "trigger.b": IS}]}, {"any": {"all": {"trigger.a": IS, "trigger.b": IS}}}),
        ({"any": [[{"trigger.a": IS}]]}, {"any": {"trigger.a": IS}}),
    ],
)
def test_lists_come_back_as_what_means_the_same(criteria: Any, same: Any) -> None:
    assert criteria_of(rows_of(criteria))[0] == same


@pytest.mark.parametrize(
    "criteria",
    [
        3,
        {"trigger.a": 3},
        {"trigger.a": {}},
        {"trigger.a": {"type": 3}},
        {"trigger.a": {**IS, "more": 1}},
        {"trigger.a": {"type": "search", "condition": 1, "pattern": {}}},
        {"trigger.a": {"type": "equals", "pattern": "two\nlines"}},
        {"any": [{}]},
        [3],
        {f"trigger.a{number}": IS for number in range(MOST_ROWS + 1)},
    ],
)
def test_what_rows_cannot_say_stays_json(criteria: Any) -> None:
    with pytest.raises(NotInRows):
        rows_of(criteria)


def test_groups_that_are_not_balanced_are_made_so() -> None:
    rows = balanced([Row(END), Row("any"), Row("not"), Row(path="trigger.a", pattern="1")])
    assert [row.kind for row in rows] == ["any", "not", "criterion", END, END]
    assert criteria_of(rows)[0] == {"any": {"not": {"trigger.a": IS}}}
    deep = balanced([Row("any")] * 1000)
    assert len(deep) < 2 * MOST_ROWS
    criteria_of(deep)


def test_every_operator_has_words_and_is_offered_once_by_itself() -> None:
    for name in OPERATORS:
        offered = [found for found, _ in operators_for(name)]
        assert " " in verb_of(name) or verb_of(name) in ("equals", "contains", "exists", "matches"), name
        assert offered.count(name) == 1
    kinds = {OPERATORS[name] for name, _ in operators_for("equals")}
    assert {item.make for item in OPERATORS.values()} == {item.make for item in kinds}
    assert next(operators_for("nonsense")) == ("nonsense", "nonsense")


def test_what_rows_say_compiles() -> None:
    rows = [Row("any"), Row(path="trigger.a", operator="lessthan", pattern="3"), Row(path="trigger.b"), Row(END)]
    compile_criteria(criteria_of(rows)[0])
