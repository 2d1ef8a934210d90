"""Reads a log as it grows, and goes on where it was when the connection breaks."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apps.cli.errors import Unreachable
from apps.cli.executions.waiting import Deadline
from apps.cli.sse import Event, read_events

if TYPE_CHECKING:
    from apps.cli.api import Api

#: Attune sends a sign of life every 15 seconds; after this much silence the connection counts as broken.
_SILENCE_S = 45.0
#: How often in a row a connection is tried, and the seconds between two tries.
_TRIES, _PAUSE_S = 60, 1.0


@dataclass(frozen=True)
class Piece:
    """`gap` is how many bytes before `text` were not kept, `offset` where in its stream it begins, `at` when it came,
    if Attune says."""

    stream: str
    gap: int
    text: str
    offset: int = 0
    at: datetime | None = None


def follow_attempt(
    api: "Api", execution_id: int, attempt: int, *, stream: str | None, deadline: Deadline
) -> Iterator[Piece]:
    """Pieces until the attempt is over. `stream` is `stdout` or `stderr`, None is both as they came.

    Raises `Unreachable` when no connection came about for a minute, `Failed` at the deadline.
    """
    return _follow(
        api,
        log_path(execution_id, stream),
        {"attempt": attempt, "follow": True},
        deadline=lambda: deadline.check(execution_id),
        left_s=lambda: deadline.left_s,
    )


def follow_sensor(api: "Api", ref: str, start: int) -> Iterator[Piece]:
    """What one process of a sensor writes, until it has ended. Raises `Unreachable` as above."""
    query = {"start": start, "follow": True}
    return _follow(api, ("sensors", ref, "logs"), query, deadline=lambda: None, left_s=lambda: float("inf"))


def follow_operation(api: "Api", operation_id: int) -> Iterator[Piece]:
    """What an operation says, until it has ended. Raises `Unreachable` as above."""
    path = ("operations", operation_id, "log")
    return _follow(api, path, {"follow": True}, deadline=lambda: None, left_s=lambda: float("inf"))


def log_path(execution_id: int, stream: str | None) -> tuple[object, ...]:
    return ("executions", execution_id, "logs", *([stream] if stream else []))


def _follow(
    api: "Api",
    path: tuple[object, ...],
    query: Mapping[str, object],
    *,
    deadline: Callable[[], None],
    left_s: Callable[[], float],
) -> Iterator[Piece]:
    """Until the event `end`: a stream that ended without it was cut off. `deadline` raises when the time is over."""
    last_id, failures = "", 0
    while True:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            silence_s = max(0.1, min(_SILENCE_S, left_s()))
            with api.stream(*path, headers=headers, silence_s=silence_s, **query) as chunks:
                failures = 0
                for event in read_events(_until(deadline, chunks)):
                    last_id = event.id
                    if event.name == "end":
                        return
                    if event.name == "log":
                        yield _piece(event)
        except Unreachable:
            deadline()
            failures += 1
            if failures > _TRIES:
                raise
        time.sleep(min(_PAUSE_S, max(0.0, left_s())))


def _until(deadline: Callable[[], None], chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Signs of life come while nothing is said, so the deadline is looked at often enough."""
    for chunk in chunks:
        yield chunk
        deadline()


def _piece(event: Event) -> Piece:
    body: dict[str, Any] = json.loads(event.data)
    at = body.get("at")
    return Piece(
        body.get("stream", ""),
        body.get("gap", 0),
        body["text"],
        offset=body.get("offset", 0),
        at=datetime.fromisoformat(at) if at else None,
    )
