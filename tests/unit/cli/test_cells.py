"""How values read in tables."""

from datetime import UTC, datetime

import pytest

from apps.cli.output.cells import age, duration_text, plain, size, status

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.64, "0.64s"), (12.34, "12.3s"), (59.97, "1m00s"), (185, "3m05s"), (7800, "2h10m"), (356400, "4d3h")],
)
def test_durations_show_what_matters(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-01-31T11:59:48Z", "12s"),
        ("2026-01-31T11:58:01Z", "119s"),
        ("2026-01-31T09:00:00Z", "3h"),
        ("2026-01-29T12:00:00Z", "2d"),
        ("2026-01-31T12:00:05Z", "0s"),
    ],
)
def test_ages_are_rough_and_never_negative(moment: str, text: str) -> None:
    assert age(moment, now=NOW).text == text


@pytest.mark.parametrize(("value", "text"), [(0, "0 B"), (1536, "1.5 KiB"), (3 * 1024**4, "3072.0 GiB")])
def test_sizes_have_units(value: int, text: str) -> None:
    assert size(value).text == text


def test_a_cell_is_one_line_without_control_characters() -> None:
    assert plain("a\n  b\x1b[2J").text == "a b\\x1b[2J"
    assert plain(["a", "b"]).text == "a, b"
    assert plain({"a": [1]}).text == '{"a": [1]}'
    assert plain(None).text == ""


def test_states_have_colours_and_unknown_ones_none() -> None:
    assert status("failed").style == "red"
    assert status("new state").style == ""


def test_a_name_cannot_read_as_another_one() -> None:
    assert plain("pay\u202etxt.hs\x1b[2J\nnext").text == "pay\\u202etxt.hs\\x1b[2J next"
    assert status("failed\u200f").text == "failed\\u200f"
