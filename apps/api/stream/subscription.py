"""One reader of the stream: what it wants, what waits for it, and how many of an identity there are."""

import asyncio
import threading
from collections import deque
from collections.abc import Collection, Sequence
from weakref import WeakSet

from apps.accounts.models import Identity
from apps.api.sse import event
from apps.core.errors import LimitReached
from apps.core.streaming import Change

#: Streams one identity may have open, in each web process.
MAX_STREAMS = 10
#: Bytes that may wait for one reader: a few thousand changes.
MAX_WAITING_BYTES = 1024 * 1024

#: Where to go on, one number for each source.
Position = tuple[int, ...]

_open: "dict[int, WeakSet[Subscription]]" = {}
_lock = threading.Lock()


class TooManyStreams(LimitReached):
    """You have as many streams open as one identity may have; close one first."""

    code = "too_many_streams"


class Subscription:
    """Made by `subscribe`; belongs to one event loop from the first `offer` on. `identity` may be loaded anew.

    Counted for as long as it is referred to: an answer that was never begun does not take a place for ever.
    """

    def __init__(self, identity: Identity, *, kinds: Collection[str], execution_id: int | None) -> None:
        self.identity = identity
        self.kinds = frozenset(kinds)
        self.execution_id = execution_id
        self.is_cut = False
        self.position: Position = ()
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
                await asyncio.wait_for(self._changed.wait(), timeout_s)
            except TimeoutError:
                return b""
        self._changed.clear()
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return taken

    def end(self) -> None:
        with _lock:
            _open.get(self.identity.pk, WeakSet()).discard(self)


def subscribe(identity: Identity, *, kinds: Collection[str], execution_id: int | None) -> Subscription:
    """Raises `TooManyStreams`."""
    with _lock:
        for unused in [pk for pk, streams in _open.items() if not streams]:
            del _open[unused]
        mine = _open.setdefault(identity.pk, WeakSet())
        if len(mine) >= MAX_STREAMS:
            raise TooManyStreams(f"{MAX_STREAMS} streams are open; close one first.")
        subscription = Subscription(identity, kinds=kinds, execution_id=execution_id)
        mine.add(subscription)
        return subscription


def chunk_of(changes: Sequence[Change], *, before: Position, after: Position) -> bytes:
    """The events. Who has got the last one goes on at `after`, who has not got them all, `before` them."""
    last = len(changes) - 1
    return b"".join(
        event(change.kind, id_of(after if index == last else before), change.body)
        for index, change in enumerate(changes)
    )


def id_of(position: Position) -> str:
    return "-".join(map(str, position))
