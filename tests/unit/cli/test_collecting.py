"""Parameters are collected from words."""

import pytest

from apps.cli.errors import InvalidValues
from apps.cli.parameters.collecting import collect, needs_schema, what_it_takes
from apps.cli.parameters.words import Word

DECLARED = {
    "count": {"type": "integer", "position": 1},
    "host": {"type": "string", "position": 0},
    "token": {"type": "integer", "secret": True},
}


def test_values_without_a_name_go_by_position() -> None:
    words = [Word(None, "db1"), Word(None, "3"), Word("token", "7")]
    assert collect(words, DECLARED, action="a.b") == {"host": "db1", "count": 3, "token": 7}


def test_json_with_a_name_needs_no_schema() -> None:
    words = [Word("x", '{"a": [null]}', is_json=True)]
    assert not needs_schema(words)
    assert collect(words, {}, action="a.b") == {"x": {"a": [None]}}


def test_text_and_positions_need_the_schema() -> None:
    assert needs_schema([Word("x", "1")])
    assert needs_schema([Word(None, "1")])


def test_an_undeclared_name_goes_on_as_text() -> None:
    assert collect([Word("cuont", "3")], DECLARED, action="a.b") == {"cuont": "3"}


def test_everything_wrong_is_told_at_once_and_no_value_is_repeated() -> None:
    words = [Word("token", "hunter2"), Word("count", "x"), Word("count", "1"), Word(None, "db1"), Word(None, "s3cret")]
    with pytest.raises(InvalidValues) as caught:
        collect(words, DECLARED, action="a.b")
    assert [str(detail) for detail in caught.value.details] == [
        "parameters.token: expected a whole number",
        "parameters.count: expected a whole number",
        "parameters.count: given twice",
        "parameters.count: given twice",
    ]
    assert "attune action show a.b" in caught.value.hints[-1]


def test_a_value_too_many_is_told_by_its_length() -> None:
    with pytest.raises(InvalidValues) as caught:
        collect([Word(None, "hunter2")], {}, action="a.b")
    assert str(caught.value.details[0]) == "a value of 7 characters has no name; every value needs its name: NAME=VALUE"


def test_near_names_are_suggested() -> None:
    assert what_it_takes(["cuont", "host"], DECLARED, action="a.b")[0] == "cuont: did you mean count?"
