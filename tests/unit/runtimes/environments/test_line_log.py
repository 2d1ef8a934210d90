"""A build's output as lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.runtimes.environments.line_log import LineLog


def log_into(received: list[bytes]) -> LineLog:
    return LineLog(received.append)


@given(st.lists(st.binary()))
def test_nothing_is_lost_or_added_but_the_last_newline(pieces: list[bytes]) -> None:
    received: list[bytes] = []
    log = log_into(received)
    for piece in pieces:
        log.feed(piece)
    log.flush()
    whole = b"".join(pieces)
    assert b"".join(received) == whole + (b"\n" if whole and not whole.endswith(b"\n") else b"")


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_password_in_an_address_is_masked_wherever_the_output_is_cut(cut: int) -> None:
    received: list[bytes] = []
    log = log_into(received)
    log.mask(["https://user:s3cr3t@index.example.org/simple"])
    text = b"GET s3cr3t and user:s3cr3t@\n"
    log.feed(text[:cut])
    log.feed(text[cut:])
    assert b"".join(received) == b"GET *** and ***@\n"


def test_a_token_that_stands_alone_is_masked_too() -> None:
    received: list[bytes] = []
    log = log_into(received)
    log.mask(["https://t0ken@index.example.org/simple"])
    log.feed(b"t0ken\n")
    assert received == [b"***\n"]


def test_the_tail_is_what_was_said_last_without_empty_lines() -> None:
    log = log_into([])
    log.feed(b"one\ntwo\n\n  \nthree")
    log.flush()
    assert log.tail() == "one\ntwo\nthree"


def test_the_tail_starts_anew_with_each_command() -> None:
    log = log_into([])
    log.feed(b"before\n")
    log.start_tail()
    log.feed(b"after\n")
    assert log.tail() == log.reason() == "after"


def test_the_reason_is_what_was_said_from_the_first_error_on() -> None:
    log = log_into([])
    log.feed(b"looking\nnpm error code E404\nnpm error no such thing\n" + b"how to use npm\n" * 100)
    said = log.reason().splitlines()
    assert said[:2] == ["npm error code E404", "npm error no such thing"]
    assert len(said) == 15
    assert "no such thing" in log.tail()


def test_without_an_error_the_reason_is_what_was_said_last() -> None:
    log = log_into([])
    log.feed(b"".join(b"%d\n" % number for number in range(50)))
    assert log.reason().splitlines()[-1] == "49"
    assert len(log.reason().splitlines()) == 15


def test_a_line_of_our_own_ends_an_open_line() -> None:
    received: list[bytes] = []
    log = log_into(received)
    log.feed(b"open")
    log.say("ours")
    assert received == [b"open\n", b"ours\n"]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    longest = 0

    def receive(line: bytes) -> None:
        nonlocal longest
        longest = max(longest, len(line))

    log = LineLog(receive)
    for _ in range(1000):
        log.feed(b"x" * 1000)
    assert 0 < longest < 100_000
