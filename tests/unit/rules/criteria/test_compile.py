"""What is refused before it is evaluated, with the place of every mistake; and what compiling may cost."""

from typing import Any

import pytest

from apps.rules.criteria import InvalidCriteria, compile_criteria
from apps.rules.criteria.compile import MAX_CRITERIA, MAX_DEPTH

GOOD = {"trigger.a": {"type": "eq", "pattern": 1}}


def _mistakes(criteria: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidCriteria) as caught:
        compile_criteria(criteria)
    assert all(error.detail for error in caught.value.errors)
    return [(error.as_json()["pointer"], error.as_json()["code"]) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("criteria", "mistakes"),
    [
        (None, [("/criteria", "wrong_type")]),
        ("text", [("/criteria", "wrong_type")]),
        ([GOOD, 5], [("/criteria/1", "wrong_type")]),
        ({"trigger.a": 5}, [("/criteria/trigger.a", "wrong_type")]),
        ({"trigger.a": {}}, [("/criteria/trigger.a/type", "required")]),
        ({"trigger.a": {"type": ["eq"]}}, [("/criteria/trigger.a/type", "unknown_operator")]),
        ({"trigger.a": {"type": "eq"}}, [("/criteria/trigger.a/pattern", "required")]),
        ({"trigger.a": {"type": "eq", "pattern": 1, "x": 2}}, [("/criteria/trigger.a/x", "unknown_field")]),
        ({"body.a": {"type": "eq", "pattern": 1}}, [("/criteria/body.a", "invalid_path")]),
        ({"trigger.a b": {"type": "eq", "pattern": 1}}, [("/criteria/trigger.a b", "invalid_path")]),
        ({"item.a": {"type": "eq", "pattern": 1}}, [("/criteria/item.a", "invalid_path")]),
        ({"trigger['a/b']": {"type": "eq"}}, [("/criteria/trigger['a~1b']/pattern", "required")]),
        ({"any": []}, [("/criteria/any", "empty")]),
        ({"not": {}}, [("/criteria/not", "empty")]),
        (
            {"all": [GOOD, {"not": {"trigger.a": {"type": "huh"}}}]},
            [("/criteria/all/1/not/trigger.a/type", "unknown_operator")],
        ),
        ({"trigger.a": {"type": "regex", "pattern": "a" * 513}}, [("/criteria/trigger.a/pattern", "too_long")]),
        ({"trigger.a": {"type": "regex", "pattern": "ä" * 257}}, [("/criteria/trigger.a/pattern", "too_long")]),
        ({"trigger.a": {"type": "matchwildcard", "pattern": "*" * 513}}, [("/criteria/trigger.a/pattern", "too_long")]),
        ({"trigger.a": {"type": "in", "pattern": ["x" * 9] * 9000}}, [("/criteria/trigger.a/pattern", "too_long")]),
        (
            {"trigger.a": {"type": "search", "condition": "any", "pattern": {"item.b": {"type": "huh"}}}},
            [("/criteria/trigger.a/pattern/item.b/type", "unknown_operator")],
        ),
        (
            {"trigger.a": {"type": "lt"}, "x": {"type": "eq", "pattern": 1}},
            [("/criteria/trigger.a/pattern", "required"), ("/criteria/x", "invalid_path")],
        ),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_place(criteria: Any, mistakes: list[tuple[str, str]]) -> None:
    assert _mistakes(criteria) == mistakes


def test_an_unknown_operator_comes_with_the_one_that_was_meant() -> None:
    with pytest.raises(InvalidCriteria) as caught:
        compile_criteria({"trigger.a": {"type": "equalz", "pattern": 1}})
    assert "did you mean equals?" in caught.value.errors[0].detail


def test_what_re2_lacks_is_named() -> None:
    with pytest.raises(InvalidCriteria) as caught:
        compile_criteria({"trigger.a": {"type": "regex", "pattern": "(?=a)"}})
    assert "lookarounds" in caught.value.errors[0].detail


def test_as_many_criteria_as_allowed_are_compiled_and_one_more_is_refused() -> None:
    many = {f"trigger.a#{number}": {"type": "eq", "pattern": 1} for number in range(MAX_CRITERIA)}
    compile_criteria(many)
    assert _mistakes({**many, "trigger.b": {"type": "eq", "pattern": 1}}) == [("/criteria/trigger.b", "too_many")]


def test_thousands_of_criteria_are_refused_at_the_first_too_many() -> None:
    assert _mistakes([GOOD] * 100_000)[0][1] == "too_many"
    assert _mistakes([[] for _ in range(100_000)])[0][1] == "too_many"
    within = {"trigger.a": {"type": "search", "condition": "any", "pattern": [{"item.b": GOOD["trigger.a"]}] * 5000}}
    assert _mistakes(within)[0][1] == "too_many"


def test_thousands_of_mistakes_are_not_all_told() -> None:
    assert len(_mistakes({f"x{number}": 1 for number in range(190)})) == 50


@pytest.mark.parametrize("group", ["any", "all", "not", "list", "search"])
def test_deep_nesting_is_refused(group: str) -> None:
    criteria: Any = {"item.a": GOOD["trigger.a"]} if group == "search" else GOOD
    for number in range(5000):
        path = "trigger.a" if number == 4999 else "item.a"
        if group == "list":
            criteria = [criteria]
        elif group == "search":
            criteria = {path: {"type": "search", "condition": "any", "pattern": criteria}}
        else:
            criteria = {group: criteria}
    assert [code for _, code in _mistakes(criteria)] == ["too_deep"]


def test_nesting_up_to_the_limit_is_compiled() -> None:
    criteria: Any = GOOD
    for _ in range(MAX_DEPTH):
        criteria = {"not": criteria}
    compile_criteria(criteria)
