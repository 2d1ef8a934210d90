"""Reads an attempt's log as it grows, and goes on where it was when the connection breaks."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.cli.errors import Unreachable
from apps.cli.executions.waiting import Deadline
from apps.cli.sse import read_events

if TYPE_CHECKING:
    from apps.cli.api import Api

#: Attune sends a sign of life every 15 seconds; after this much silence the connection counts as broken.
_SILENCE_S = 45.0
#: How often in a row a connection is tried, and the seconds between two tries.
_TRIES, _PAUSE_S = 60, 1.0


@dataclass(frozen=True)
class Piece:
    """`gap` is how many bytes before `text` were not kept."""

    stream: str
    gap: int
    text: str


def follow_attempt(
    api: "Api", execution_id: int, attempt: int, *, stream: str | None, deadline: Deadline
) -> Iterator[Piece]:
    """Pieces until the attempt is over. `stream` is `stdout` or `stderr`, None is both as they came.

    Raises `Unreachable` when no connection came about for a minute, `Failed` at the deadline.
    """
    path = ("executions", execution_id, "logs") if stream is None else ("executions", execution_id, "logs", stream)
    last_id, failures = "", 0
    while True:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        silence_s = max(0.1, min(_SILENCE_S, deadline.left_s))
        try:
            query = {"attempt": attempt, "follow": True}
            with api.stream(*path, headers=headers, silence_s=silence_s, **query) as chunks:
                failures = 0
                for event in read_events(_until(deadline, execution_id, chunks)):
                    last_id = event.id
                    if event.name == "end":
                        return
                    if event.name == "log":
                        yield _piece(json.loads(event.data))
        except Unreachable:
            deadline.check(execution_id)
            failures += 1
            if failures > _TRIES:
                raise
        # A stream that ended without its `end` was cut off on the way.
        time.sleep(min(_PAUSE_S, max(0.0, deadline.left_s)))


def _until(deadline: Deadline, execution_id: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Signs of life come while nothing is said, so the deadline is looked at often enough."""
    for chunk in chunks:
        yield chunk
        deadline.check(execution_id)


def _piece(body: dict[str, Any]) -> Piece:
    return Piece(body["stream"], body["gap"], body["text"])
