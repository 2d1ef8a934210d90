"""Reads Server-Sent Events (the HTML standard's text/event-stream) out of bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """`id` is the newest one seen so far, as the standard has it."""

    name: str
    data: str
    id: str


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Complete events only: what a broken connection cut off is asked for again, not guessed.

    Comments and `retry` are passed over.
    """
    name, data, last_id = "", list[str](), ""
    for line in _lines(chunks):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data), last_id)
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            last_id = value


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Not `str.splitlines`, which also splits at U+0085 and U+2028: JSON may hold them, and so may a log."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
