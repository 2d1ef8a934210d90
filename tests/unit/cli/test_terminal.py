"""Text of others cannot take over the terminal."""

import pytest

from apps.cli.output.terminal import Filter, harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext ä €", "plain\n\ttext ä €"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1bc", "\\x1bc"),
        ("\x9b2J", "\\x9b2J"),
        ("hidden\rshown", "hidden\nshown"),
        ("dos\r\n", "dos\n"),
        ("\x08\x7f\x00", "\\x08\\x7f\\x00"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("\u2066\u2069\u200f\u061c", "\\u2066\\u2069\\u200f\\u061c"),
        ("שלום עולם", "שלום עולם"),
    ],
)
def test_control_characters_are_shown_as_what_they_are(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_colours_pass_where_they_are_wanted_and_end_with_the_text() -> None:
    assert harmless("\x1b[1;31mred", colours=True) == "\x1b[1;31mred\x1b[0m"
    assert harmless("\x1b[2J\x1b[32mok", colours=True) == "\\x1b[2J\x1b[32mok\x1b[0m"


@pytest.mark.parametrize("cut", range(1, 12))
def test_pieces_are_filtered_as_the_whole(cut: int) -> None:
    text = "a\x1b[31mb\x1b[2Jc\r\nd"
    filter_ = Filter(colours=True)
    assert filter_.feed(text[:cut]) + filter_.feed(text[cut:]) + filter_.end() == harmless(text, colours=True)


def test_an_unfinished_sequence_is_shown_at_the_end() -> None:
    filter_ = Filter(colours=True)
    assert filter_.feed("a\x1b[3") == "a"
    assert filter_.end() == "\\x1b[3"
