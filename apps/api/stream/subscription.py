"""One reader of the stream: what it wants and what waits for it."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence

from apps.accounts.models import Identity
from apps.api.open_streams import Place, Places
from apps.api.sse import event
from apps.core.streaming import Change

#: Streams one identity may have open, in each web process.
MAX_STREAMS = 10
#: Bytes that may wait for one reader: a few thousand changes.
MAX_WAITING_BYTES = 1024 * 1024

#: Where to go on, one number for each source.
Position = tuple[int, ...]

_places = Places()


class Subscription:
    """Made by `subscribe`; belongs to one event loop from the first `offer` on. `identity` may be loaded anew."""

    def __init__(self, identity: Identity, *, kinds: Collection[str], execution_id: int | None, place: Place) -> None:
        self.identity = identity
        self.kinds = frozenset(kinds)
        self.execution_id = execution_id
        self.is_cut = False
        self.position: Position = ()
        self._place = place
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()

    def wants(self, change: Change) -> bool:
        if change.kind not in self.kinds:
            return False
        return self.execution_id is None or change.kind != "execution" or change.subject == self.execution_id

    def offer(self, changes: Sequence[Change], *, before: Position, after: Position) -> None:
        """Puts `changes` into its queue; a reader for whom too much waits is cut off behind what it has."""
        if self.is_cut:
            return
        chunk = chunk_of(changes, before=before, after=after)
        if self._bytes + len(chunk) > MAX_WAITING_BYTES:
            self.is_cut = True
        else:
            self.position = after
            if chunk:
                self._waiting.append(chunk)
                self._bytes += len(chunk)
        if chunk:
            self._changed.set()

    async def take(self, timeout_s: float) -> bytes:
        """All that waits, as soon as something does; nothing after `timeout_s`, or when it is cut off."""
        if not self._waiting and not self.is_cut:
            try:
                async with asyncio.timeout(timeout_s):  # `wait_for` may lose a cancellation
                    await self._changed.wait()
            except TimeoutError:
                return b""
        self._changed.clear()
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return taken

    def end(self) -> None:
        _places.leave(self._place)


def subscribe(identity: Identity, *, kinds: Collection[str], execution_id: int | None) -> Subscription:
    """Raises `TooManyStreams`."""
    place = _places.take(identity, most=MAX_STREAMS, what="streams")
    return Subscription(identity, kinds=kinds, execution_id=execution_id, place=place)


def chunk_of(changes: Sequence[Change], *, before: Position, after: Position) -> bytes:
    """The events. Who has got the last one goes on at `after`, who has not got them all, `before` them."""
    last = len(changes) - 1
    return b"".join(
        event(change.kind, id_of(after if index == last else before), change.body)
        for index, change in enumerate(changes)
    )


def id_of(position: Position) -> str:
    return "-".join(map(str, position))
