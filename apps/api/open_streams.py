"""Answers that go on for long: how many an identity may have, and that they end when it may read no more."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from weakref import WeakSet

from apps.accounts.models import Identity
from apps.api.sse import ALIVE_EVERY_S
from apps.core.database import release_connection
from apps.core.errors import LimitReached

#: Logs one identity may follow at once, in each web process. Each asks the database a few times a second.
MAX_FOLLOWED = 20


class TooManyStreams(LimitReached):
    """You have as many streams open as one identity may have; close one first."""

    code = "too_many_streams"


class Place:
    """Counted for as long as it is referred to: an answer that was never begun does not take one for ever."""

    def __init__(self, identity_id: int) -> None:
        self.identity_id = identity_id


class Places:
    """Of one kind of stream, in this process. Threads may share it."""

    def __init__(self) -> None:
        self._taken: dict[int, WeakSet[Place]] = {}
        self._lock = threading.Lock()

    def take(self, identity: Identity, *, most: int, what: str) -> Place:
        """Raises `TooManyStreams`."""
        with self._lock:
            for unused in [pk for pk, places in self._taken.items() if not places]:
                del self._taken[unused]
            mine = self._taken.setdefault(identity.pk, WeakSet())
            if len(mine) >= most:
                raise TooManyStreams(f"{most} {what} are open; close one first.")
            place = Place(identity.pk)
            mine.add(place)
            return place

    def leave(self, place: Place) -> None:
        with self._lock:
            self._taken.get(place.identity_id, WeakSet()).discard(place)


_followed = Places()


def follow_for(
    identity: Identity, events: AsyncGenerator[bytes, None], *, is_allowed: Callable[[], bool]
) -> AsyncGenerator[bytes, None]:
    """`events` of a log for as long as `is_allowed`, which is asked again and again. Raises `TooManyStreams`.

    `events` must bring something, if only a sign of life, every `ALIVE_EVERY_S`.
    """
    return _while_allowed(events, is_allowed, _followed.take(identity, most=MAX_FOLLOWED, what="followed logs"))


async def _while_allowed(
    events: AsyncGenerator[bytes, None], is_allowed: Callable[[], bool], place: Place
) -> AsyncGenerator[bytes, None]:
    asked_at = time.monotonic()
    try:
        async for chunk in events:
            yield chunk
            if time.monotonic() - asked_at >= ALIVE_EVERY_S:
                asked_at = time.monotonic()
                if not await asyncio.to_thread(_asked, is_allowed):
                    return
    finally:
        _followed.leave(place)
        await events.aclose()


def _asked(is_allowed: Callable[[], bool]) -> bool:
    try:
        return is_allowed()
    finally:
        release_connection()
