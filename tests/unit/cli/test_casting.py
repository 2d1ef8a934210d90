"""Text becomes values as a schema wants them."""

from typing import Any

import pytest

from apps.cli.parameters.casting import NotCastable, cast, strict_json

INTEGER, NUMBER, BOOLEAN = {"type": "integer"}, {"type": "number"}, {"type": "boolean"}


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("5", {}, "5"),
        ("5", {"type": "string"}, "5"),
        (" x ", {"type": "string"}, " x "),
        ("null", {"type": "string"}, "null"),
        ("-5", INTEGER, -5),
        (" 7\n", INTEGER, 7),
        ("5", NUMBER, 5),
        ("2.5e1", NUMBER, 25.0),
        ("true", BOOLEAN, True),
        ("No", BOOLEAN, False),
        ("1", BOOLEAN, True),
        ("null", {"type": ["integer", "null"]}, None),
        ("5", {"type": ["integer", "null"]}, 5),
        ("null", {"type": ["string", "null"]}, None),
        ("yes", {"type": ["string", "boolean"]}, "yes"),
        ("true", {"type": ["string", "boolean"]}, True),
        ("a,b", {"type": "array"}, ["a", "b"]),
        ("1, 2", {"type": "array", "items": INTEGER}, [1, 2]),
        ("", {"type": "array"}, []),
        ('["a,b", 1]', {"type": "array"}, ["a,b", 1]),
        ("a,b", {"type": ["array", "string"]}, "a,b"),
        ("[1]", {"type": ["array", "string"]}, [1]),
        ('{"a": 1}', {"type": "object"}, {"a": 1}),
        ("3", {"enum": [1, 2, 3]}, 3),
        ("b", {"enum": ["a", "b"]}, "b"),
        ("3", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 3),
        ("0755", {"type": "string"}, "0755"),
    ],
)
def test_text_becomes_the_value_that_the_schema_wants(text: str, schema: dict[str, Any], value: Any) -> None:
    found = cast(text, schema)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("five", INTEGER),
        ("5.0", INTEGER),
        ("\u0663", INTEGER),
        ("1_000", INTEGER),
        ("", INTEGER),
        ("nan", NUMBER),
        ("inf", NUMBER),
        ("1_0.5", NUMBER),
        ("maybe", BOOLEAN),
        ("null", INTEGER),
        ("[1", {"type": "array"}),
        ("1,x", {"type": "array", "items": INTEGER}),
        ('{"a": 1}', {"type": "array"}),
        ("a=1", {"type": "object"}),
        ("[1]", {"type": "object"}),
    ],
)
def test_text_that_does_not_fit_is_refused(text: str, schema: dict[str, Any]) -> None:
    with pytest.raises(NotCastable):
        cast(text, schema)


def test_a_refusal_says_what_is_expected_and_not_what_was_given() -> None:
    with pytest.raises(NotCastable) as caught:
        cast("hunter2", {"type": ["integer", "null"]})
    assert str(caught.value) == "expected null, or a whole number"


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": 1, "a": 2}', "[" * 100_000, "1" * 5000])
def test_json_that_attune_does_not_take_is_refused(text: str) -> None:
    with pytest.raises(NotCastable):
        strict_json(text)
