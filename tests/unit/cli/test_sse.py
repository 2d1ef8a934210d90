"""Server-Sent Events are read from bytes that come in any pieces."""

import pytest

from apps.cli.sse import Event, read_events

STREAM = (
    b": hello\n\n"
    b'event: log\nid: 4-0\ndata: {"text": "a\xc2\x85b\xe2\x80\xa8c"}\n\n'
    b"data: two\r\ndata: lines\r\n\r\n"
    b"retry: 5\n\n"
    b"event: end\nid:9-0\ndata:{}\n\n"
    b"event: log\ndata: cut o"
)
EVENTS = [
    Event("log", '{"text": "a\u0085b\u2028c"}', "4-0"),
    Event("message", "two\nlines", "4-0"),
    Event("end", "{}", "9-0"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_complete_events_are_read_whatever_the_pieces(size: int) -> None:
    chunks = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert list(read_events(chunks)) == EVENTS


def test_an_event_is_told_as_soon_as_it_is_complete() -> None:
    def chunks() -> object:
        yield b"data: x\n\n"
        raise AssertionError("asked for more")

    assert next(read_events(chunks())).data == "x"  # type: ignore[arg-type]
