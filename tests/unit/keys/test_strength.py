import pytest

from apps.core.types import JsonValue
from apps.keys.strength import warnings_of


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("swordfish-of-the-deep", []),
        ("abc", ["shorter than 6 bytes"]),
        ("wörld", []),
        (5, ["shorter than 6 bytes"]),
        (True, ["shorter than 6 bytes"]),
        ("Password", ["common text"]),
        ({"a": ["abc", "def"], "b": "localhost"}, ["shorter than 6 bytes", "common text"]),
        ([], []),
    ],
)
def test_what_cannot_be_masked_everywhere_is_told_once(value: JsonValue, told: list[str]) -> None:
    warnings = warnings_of(value)
    assert len(warnings) == len(told)
    assert all(word in warning for word, warning in zip(told, warnings, strict=True))


def test_a_warning_does_not_repeat_the_value() -> None:
    assert "abc" not in " ".join(warnings_of("abc"))
    assert "hunter" not in " ".join(warnings_of(["hunte", "r"]))
