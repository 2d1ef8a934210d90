import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.runner.capture import FirstBytes, LastBytes, LastLines

chunks = st.lists(st.lists(st.sampled_from([b"a", b"bc", b"\n", b" "]), max_size=8).map(b"".join), max_size=30)


def last_line(data: bytes) -> bytes:
    return data.rstrip().rpartition(b"\n")[2].strip()


@given(chunks)
def test_the_last_line_that_says_something_is_always_there_whole(pieces: list[bytes]) -> None:
    lines = LastLines(1000, beginnings=b"ab", window_bytes=10)
    for piece in pieces:
        lines.feed(piece)

    assert last_line(lines.content()) == last_line(b"".join(pieces))
    assert not lines.overflow


@given(chunks, st.integers(1, 12))
def test_a_last_line_that_is_too_long_is_an_overflow_and_any_other_is_not(pieces: list[bytes], bound: int) -> None:
    lines = LastLines(bound, beginnings=b"ab", window_bytes=4)
    for piece in pieces:
        lines.feed(piece)

    whole = b"".join(pieces)
    assert lines.overflow or last_line(lines.content()) == last_line(whole)
    if max(map(len, whole.split(b"\n"))) <= bound:
        assert not lines.overflow


@given(chunks)
def test_a_line_of_no_interest_may_be_cut_and_never_looks_interesting(pieces: list[bytes]) -> None:
    lines = LastLines(1000, beginnings=b"b", window_bytes=4)
    for piece in pieces:
        lines.feed(piece)

    told, written = last_line(lines.content()), last_line(b"".join(pieces))
    assert told == written or (written.startswith(told) and told.startswith(b"a"))
    assert not lines.overflow


def test_the_lines_in_the_window_are_kept_whole() -> None:
    lines = LastLines(1000, beginnings=b"{", window_bytes=20)
    for number in range(100):
        lines.feed(b"line %d\n" % number)

    assert lines.content() == b"line 97\nline 98\nline 99\n"


def test_blank_lines_do_not_push_the_last_line_out() -> None:
    lines = LastLines(1000, beginnings=b"{", window_bytes=20)
    lines.feed(b'{"a": 1}\n')
    for _ in range(100):
        lines.feed(b"\n   \n")

    assert lines.content().strip() == b'{"a": 1}'


def test_a_line_after_one_that_was_too_long_is_no_overflow() -> None:
    lines = LastLines(10, beginnings=b"{")
    lines.feed(b"{" * 50)
    assert lines.overflow
    lines.feed(b"{\nshort\n")

    assert (lines.content(), lines.overflow) == (b"short\n", False)


def test_a_line_without_end_takes_no_more_memory_than_its_bound() -> None:
    lines = LastLines(5000, beginnings=b"{", window_bytes=1000)
    for _ in range(1000):
        lines.feed(b"{" * 900)
    assert (lines.content(), lines.overflow) == (b"", True)
    dull = LastLines(5000, beginnings=b"{", window_bytes=1000)
    for _ in range(1000):
        dull.feed(b"x" * 900)
    dull.feed(b"{\n")

    assert (dull.content(), dull.overflow) == (b"x" * 16 + b"\n", False)


def test_the_first_bytes_are_kept_and_what_follows_is_an_overflow() -> None:
    first = FirstBytes(5)
    first.feed(b"abc")
    first.feed(b"de")
    assert (first.content(), first.overflow) == (b"abcde", False)
    first.feed(b"f")

    assert (first.content(), first.overflow) == (b"abcde", True)


@pytest.mark.parametrize(
    ("fed", "kept"),
    [
        (b"all of it", b"all of it"),
        (b"a cut line\nwhole\n", b"whole\n"),
        (b"xyz\n0123456789", b"0123456789"),
        (b"a single line that is too long", b"s too long"),
        (b"a single line that is too lon\n", b"s too lon\n"),
    ],
)
def test_the_end_begins_with_a_whole_line_if_there_is_one(fed: bytes, kept: bytes) -> None:
    for size in (1, 4, 100):
        tail = LastBytes(10)
        for at in range(0, len(fed), size):
            tail.feed(fed[at : at + size])

        assert tail.content() == kept
