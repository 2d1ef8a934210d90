import pytest

from apps.runner.jsonvalue import MAX_DEPTH, BadValueError, NotJsonError, check_value, escape, load_json


@pytest.mark.parametrize("text", [b"null", b"true", b'"\xc3\xa4"', b"[1, -2.5e3]", b'{"a": {"b": []}}', b" 1 \n"])
def test_json_that_can_be_stored_is_taken(text: bytes) -> None:
    load_json(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"NaN", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "not finite"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'["a\\u0000"]', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b"9223372036854775808", "64 bits"),
        (b"-9223372036854775809", "64 bits"),
        (b"1" * 5000, "64 bits"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deeper"),
        (b"[" * 20_000 + b"]" * 20_000, "deeper"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deeper"),
    ],
)
def test_what_others_cannot_take_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(BadValueError, match=reason):
        load_json(text)


@pytest.mark.parametrize("text", [b"", b"{", b"{'a': 1}", b"\xff", b"01", b"1 2", b"\xef\xbb\xbf1"])
def test_what_is_no_json_is_told_apart(text: bytes) -> None:
    with pytest.raises(NotJsonError):
        load_json(text)


def test_the_extremes_are_taken() -> None:
    assert load_json(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]
    load_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_the_last_of_duplicate_keys_wins() -> None:
    assert load_json(b'{"a": 1, "a": 2}') == {"a": 2}


def test_or_duplicate_keys_are_refused() -> None:
    assert load_json(b'{"a": {"a": 1}}', keys_may_repeat=False) == {"a": {"a": 1}}
    with pytest.raises(BadValueError, match="'a' stands twice"):
        load_json(b'[{"a": 1, "b": 2, "a": 1}]', keys_may_repeat=False)


def test_a_fault_is_told_with_its_pointer() -> None:
    with pytest.raises(BadValueError) as caught:
        load_json(b'{"a/b~": [1, {"c": "\\u0000"}]}')
    assert caught.value.pointer == "/a~1b~0/1/c"
    assert str(caught.value) == "a NUL character at /a~1b~0/1/c"


def test_steps_of_a_pointer_are_escaped() -> None:
    assert escape("a/b~c") == "a~1b~0c"


@pytest.mark.parametrize(
    ("value", "reason"),
    [({1: 2}, "no text"), ({"a": {3}}, "set, .* at /a"), ([b"x"], "bytes"), ((1,), "tuple")],
)
def test_values_of_other_parsers_are_refused_with_their_place(value: object, reason: str) -> None:
    with pytest.raises(BadValueError, match=reason):
        check_value(value)
