"""The last lines of a log that was there, and all that comes after."""

from collections.abc import Iterator

import pytest

from apps.cli.executions.following import Piece
from apps.cli.executions.tail import last_lines, tail


def out(text: str, offset: int = 0) -> Piece:
    return Piece("stdout", 0, text, offset=offset)


def err(text: str, offset: int = 0) -> Piece:
    return Piece("stderr", 0, text, offset=offset)


def told(pieces: Iterator[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("count", range(5))
def test_what_was_there_is_cut_to_its_last_lines(count: int) -> None:
    pieces = [out("a\nb", 0), err("x\n", 0), out("c\nd\n", 3)]
    assert told(tail(pieces, count, ends={"stdout": 7, "stderr": 2})) == last_lines("a\nbx\nc\nd\n", count)


def test_what_comes_after_is_whole() -> None:
    pieces = [out("a\nb\n", 0), out("c\nd\n", 4)]
    assert told(tail(pieces, 1, ends={"stdout": 4})) == "b\nc\nd\n"


def test_the_last_lines_are_told_before_anything_new_is_waited_for() -> None:
    def pieces() -> Iterator[Piece]:
        yield out("a\nb\n")
        raise AssertionError("asked for more")

    assert next(tail(pieces(), 1, ends={"stdout": 4, "stderr": 0})).text == "b\n"


def test_a_log_that_is_empty_yet_is_followed_at_once() -> None:
    assert told(tail([out("a\n")], 3, ends={"stdout": 0, "stderr": 0})) == "a\n"


def test_a_log_that_ends_before_its_time_is_told_all_the_same() -> None:
    assert told(tail([out("a\nb\n")], 1, ends={"stdout": 99})) == "b\n"


def test_text_of_one_stream_only_does_not_wait_for_the_other() -> None:
    assert told(tail([err("x\n"), out("a\n", 5)], 1, ends={"stdout": 5, "stderr": 2})) == "x\na\n"
