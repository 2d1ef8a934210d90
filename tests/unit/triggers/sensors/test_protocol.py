import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.triggers.sensors.protocol import Lines, Refused, Said, document_line, read_line


def read(*chunks: bytes, max_bytes: int = 1000) -> list[Said | Refused]:
    lines = Lines(max_bytes=max_bytes)
    told = [item for chunk in chunks for item in lines.feed(chunk)]
    return [*told, *lines.finish()]


def event(**fields: Any) -> bytes:
    return json.dumps({"trigger": "demo.seen", "payload": {"n": 1}, **fields}).encode()


def test_a_line_is_an_event() -> None:
    assert read(event(parameters={"path": "/srv"}, dedupe_key="a") + b"\n") == [
        Said(1, "demo.seen", {"n": 1}, {"path": "/srv"}, "a")
    ]


def test_the_last_line_needs_no_newline() -> None:
    assert read(event() + b"\n" + event()) == [Said(1, "demo.seen", {"n": 1}), Said(2, "demo.seen", {"n": 1})]


def test_blank_lines_are_nothing() -> None:
    assert read(b"\n\r\n  \n" + event() + b"\r\n\n") == [Said(1, "demo.seen", {"n": 1})]


def test_garbage_between_events_is_refused_and_they_go_on() -> None:
    first, garbage, last = read(event() + b"\nTraceback (most recent call last):\n" + event() + b"\n")

    assert isinstance(first, Said)
    assert isinstance(last, Said)
    assert isinstance(garbage, Refused)
    assert str(garbage).startswith("line 2 was refused: not JSON")
    assert "Traceback" in str(garbage)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[1]", "an event is a JSON object"),
        (b"{}", "it names no trigger"),
        (b'{"trigger": ""}', "it names no trigger"),
        (b'{"trigger": 7}', "it names no trigger"),
        (b'{"trigger": "a.b", "payload": []}', "its payload is no object"),
        (b'{"trigger": "a.b", "parameters": 3}', "its parameters are no object"),
        (b'{"trigger": "a.b", "dedupe_key": ""}', "dedupe_key"),
        (b'{"trigger": "a.b", "dedupe_key": 7}', "dedupe_key"),
        (b'{"trigger": "a.b", "trace_id": "x"}', "an event has no field 'trace_id'"),
        (b'{"trigger": "a.b", "payload": {"n": 1e999}}', "not finite"),
        (b'{"trigger": "a.b", "payload": {"n": 99999999999999999999}}', "beyond 64 bits"),
        (b'{"trigger": "a.b", "payload": {"n": "\\u0000"}}', "NUL"),
        (b'{"trigger": "a.b", "payload": {"n": "\\ud800"}}', "surrogate"),
        (b'{"trigger": "a.b", "payload": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}", "nested deeper"),
    ],
)
def test_what_no_event_can_be_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    refused = read_line(line, 1)

    assert isinstance(refused, Refused)
    assert reason in refused.reason


def test_a_line_that_is_too_long_is_told_once_and_the_next_one_is_read() -> None:
    told = read(b"x" * 700, b"x" * 700, b"x" * 700 + b"\n" + event() + b"\n")

    assert told == [Refused(1, "it is longer than 1000 bytes"), Said(2, "demo.seen", {"n": 1})]


def test_of_a_line_that_never_ends_nothing_is_kept() -> None:
    lines = Lines(max_bytes=1000)
    told = [item for _ in range(1000) for item in lines.feed(b"x" * 999)]

    assert len(told) == 1
    assert len(lines._unfinished) == 0


def test_a_remark_quotes_only_the_beginning() -> None:
    (refused,) = read(b"y" * 900 + b"\n")

    assert len(str(refused)) < 250


def test_a_document_stands_on_one_line() -> None:
    line = document_line({"text": "two\nlines, ü"})

    assert line.count(b"\n") == 1
    assert json.loads(line) == {"text": "two\nlines, ü"}


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@given(st.binary(max_size=400), st.lists(st.integers(min_value=0, max_value=10_000), max_size=6))
def test_any_bytes_are_read_the_same_however_they_are_cut_and_never_raise(data: bytes, places: list[int]) -> None:
    assert read(*cut(data, places), max_bytes=100) == read(data, max_bytes=100)


events = st.builds(
    lambda trigger, payload, key: {"trigger": trigger, "payload": payload, "dedupe_key": key},
    st.from_regex(r"[a-z]{1,9}\.[a-z]{1,9}", fullmatch=True),
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        max_size=4,
    ),
    st.none() | st.text("abc-", min_size=1, max_size=9),
)
#: What is no event whatever stands around it.
garbage = st.sampled_from([b"oops", b"\xc3\x28", b"{", b"[]", b"null", b"{}", b"x" * 5000])


@given(st.lists(events | garbage, max_size=8), st.lists(st.integers(min_value=0, max_value=100_000), max_size=6))
def test_every_event_comes_through_whatever_stands_between(items: list[Any], places: list[int]) -> None:
    data = b"".join((item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in items)
    told = read(*cut(data, places), max_bytes=4000)

    assert len(told) == len(items)
    assert [item.line for item in told] == list(range(1, len(items) + 1))
    for item, said in zip(items, told, strict=True):
        if isinstance(item, bytes):
            assert isinstance(said, Refused)
        else:
            assert isinstance(said, Said)
            assert (said.trigger, said.payload, said.dedupe_key) == tuple(item.values())
