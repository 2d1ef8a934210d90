import pytest

from apps.core.strict_json import InvalidJson, escape, loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ('{"a": [1, 2.5, null, true, "ä"]}', {"a": [1, 2.5, None, True, "ä"]}),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_what_the_database_can_keep_is_read(text: str, value: object) -> None:
    assert loads(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[1, 2", "Expecting"),
        ('{"a": NaN}', "NaN"),
        ('{"a": Infinity}', "Infinity"),
        ('{"a": 1e999}', "finite"),
        ("9223372036854775808", "64 bits"),
        ("1" * 5000, "64 bits"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"\\u0000": 1}', "NUL"),
        ('"\\ud800"', "surrogate"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "twice"),
        ("[" * 66 + "]" * 66, "deeper"),
        ("[" * 200_000, "deeper"),
    ],
)
def test_what_could_not_be_kept_exactly_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        loads(text.encode())
    assert reason in str(caught.value)


def test_bytes_that_are_no_utf8_are_refused_with_their_place() -> None:
    with pytest.raises(InvalidJson, match="not UTF-8"):
        loads(b'"\xff"')


def test_a_fault_is_told_with_its_pointer() -> None:
    with pytest.raises(InvalidJson) as caught:
        loads(b'{"a/b": [1, {"c": "\\u0000"}]}')
    assert caught.value.pointer == "/a~1b/1/c"


def test_steps_of_a_pointer_are_escaped() -> None:
    assert escape("a/b~c") == "a~1b~0c"
