"""What evaluation shows, and what it may cost."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.rules.criteria import Dialect, Failed, compile_criteria

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAYLOAD = {
    "host": "db-1",
    "load": 5,
    "nothing": None,
    "disks": [{"name": "sda", "used": 95}, {"name": "sdb", "used": "?"}],
    "big": "x" * 5000,
}

IS_SDA = {"item.name": {"type": "eq", "pattern": "sda"}}


def _failed(criteria: Any, payload: Any = PAYLOAD, dialect: Dialect = "attune") -> Failed:
    failed = compile_criteria(criteria, dialect=dialect).evaluate(payload, now=NOW).failed
    assert failed is not None
    return failed


def test_the_first_criterion_that_said_no_is_shown_with_both_values() -> None:
    failed = _failed(
        {
            "trigger.load": {"type": "gt", "pattern": 1},
            "trigger.host": {"type": "contains", "pattern": "web"},
            "trigger.big": {"type": "eq", "pattern": ""},
        }
    )
    assert failed.as_json() == {
        "path": "trigger.host",
        "condition": "contains",
        "pattern": "web",
        "value": "db-1",
        "text": 'trigger.host: "db-1" does not contain "web"',
        "is_error": False,
        "pointer": "/criteria/trigger.host",
    }


@pytest.mark.parametrize(
    ("criteria", "text"),
    [
        ({"trigger.hots": {"type": "contains", "pattern": "w"}}, "trigger has no hots, so contains says no"),
        ({"trigger.disks[7].name": {"type": "lt", "pattern": 1}}, "trigger.disks is a list of 2, so lt says no"),
        ({"trigger.host.name": {"type": "lt", "pattern": 1}}, "trigger.host is no object, so lt says no"),
        ({"trigger.nothing": {"type": "lt", "pattern": 1}}, "trigger.nothing is null, so lt says no"),
        ({"trigger.hots": {"type": "exists"}}, "trigger.hots: null does not exist"),
        ({"trigger.host": {"type": "gt", "pattern": 1}}, 'trigger.host: gt a text and a number have no order ("db-1")'),
        ({"not": {"trigger.load": {"type": "eq", "pattern": 5}}}, "trigger.load: eq 5 holds for 5, and must not"),
        (
            {"any": [{"trigger.load": {"type": "eq", "pattern": 1}}, {"trigger.load": {"type": "eq", "pattern": 2}}]},
            "trigger.load: 5 does not equal 1 (nor does any of 1 other criteria hold)",
        ),
        (
            {"trigger.disks": {"type": "search", "condition": "all", "pattern": IS_SDA}},
            'item 1: item.name: "sdb" does not equal "sda"',
        ),
    ],
)  # fmt: skip
def test_the_text_says_what_was_wrong(criteria: Any, text: str) -> None:
    assert _failed(criteria).text == text


def test_long_values_and_patterns_are_shortened_to_200_characters() -> None:
    failed = _failed({"trigger.big": {"type": "eq", "pattern": "y" * 1000}})
    assert failed.value == "x" * 199 + "…"
    assert failed.pattern == "y" * 199 + "…"
    listed = _failed({"trigger.big": {"type": "in", "pattern": ["y" * 10] * 100}})
    assert isinstance(listed.pattern, str)
    assert len(listed.pattern) == 200
    assert listed.pattern.startswith('["yyyyyyyyyy", "')


def test_a_template_is_shown_as_what_it_became() -> None:
    assert _failed({"trigger.load": {"type": "gt", "pattern": "{{ trigger.load + 1 }}"}}).pattern == 6


def test_a_mistake_before_a_no_is_shown_though_the_no_decides() -> None:
    wrong, no = {"trigger.host": {"type": "gt", "pattern": 1}}, {"trigger.load": {"type": "gt", "pattern": 9}}
    assert _failed([wrong, no]).is_error
    assert compile_criteria({"not": [wrong, no]}).evaluate(PAYLOAD, now=NOW).matched
    assert _failed({"not": wrong}).is_error


def test_a_rule_of_stackstorm_with_criteria_says_no_to_an_empty_payload() -> None:
    criteria = {"trigger.a": {"type": "nexists"}}
    assert _failed(criteria, {}, "stackstorm").text == "the payload is empty"
    assert compile_criteria(criteria).evaluate({}, now=NOW).matched


def test_each_criterion_can_be_explained_on_its_own() -> None:
    criteria = {
        "trigger.load": {"type": "gt", "pattern": 9},
        "any": [{"trigger.host": {"type": "eq", "pattern": "db-1"}}, {"trigger.host": {"type": "gt", "pattern": 1}}],
    }
    findings = compile_criteria(criteria).explain(PAYLOAD, now=NOW)
    assert [(finding.pointer, finding.failed is None) for finding in findings] == [
        ("/criteria/trigger.load", False),
        ("/criteria/any/0/trigger.host", True),
        ("/criteria/any/1/trigger.host", False),
    ]
    assert findings[2].as_json()["failed"]["is_error"] is True


def _nested_search(depth: int) -> Any:
    criteria: Any = {"item": {"type": "eq", "pattern": "never"}}
    for _ in range(depth):
        criteria = {"trigger.all": {"type": "search", "condition": "any", "pattern": criteria}}
    return criteria


def test_searches_within_searches_stop_at_the_bound() -> None:
    failed = _failed(_nested_search(6), {"all": list(range(1000))})
    assert failed.is_error
    assert "costs too much" in failed.text


def test_a_large_expression_on_a_large_text_stops_at_the_bound() -> None:
    failed = _failed({"trigger.a": {"type": "regex", "pattern": ".*a.{90}b$"}}, {"a": "a" * 1_000_000})
    assert failed.is_error
    assert "costs too much" in failed.text


def test_an_ordinary_expression_may_search_a_large_text() -> None:
    criteria = {"trigger.a": {"type": "regex", "pattern": "error|warn"}}
    assert compile_criteria(criteria).evaluate({"a": "a" * 1_000_000 + "error"}, now=NOW).matched


def test_pythons_expressions_are_stopped_when_they_take_too_long() -> None:
    failed = _failed(
        {"trigger.a": {"type": "regex", "pattern": "(?:a?){500}$"}},
        {"a": "a" * 3000 + "!"},
        "stackstorm",
    )
    assert failed.is_error
    assert "too long" in failed.text


def test_expressions_that_take_too_long_for_each_item_stop_at_the_bound() -> None:
    slow = {"item": {"type": "regex", "pattern": "(?:a?){500}$"}}
    criteria = {"trigger.a": {"type": "search", "condition": "any", "pattern": slow}}
    failed = _failed(criteria, {"a": ["a" * 3000 + "!"] * 1000}, "stackstorm")
    assert failed.is_error
    assert "costs too much" in failed.text


def test_a_payload_deeper_than_python_goes_is_a_mistake() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    pattern: Any = 1
    for _ in range(5_000):
        pattern = [pattern]
    assert _failed({"trigger.a": {"type": "eq", "pattern": pattern}}, {"a": deep}).is_error
