"""The one listener of a web process: hears that something changed, looks what, and hands it to every reader.

1. The first reader starts it; it waits for hints over Redis and looks every `LOOK_EVERY_S` without one.
2. What it finds is looked up once for each identity that listens (`visible`), and offered to its readers.
3. The database away: it goes on where it was when it is back.
4. The last reader ends it.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from django.db import Error as DatabaseError
from psycopg_pool import PoolTimeout

from apps.accounts.models import Identity
from apps.api.stream.subscription import Position, Subscription
from apps.core.database import release_connection
from apps.core.redis import CALL_BUDGET_S, FAILURES
from apps.core.streaming import CHANNEL, Change
from apps.executions.changes import ExecutionChanges
from apps.operations.changes import operation_changes
from apps.triggers.changes import EventChanges
from apps.workers.changes import worker_changes

logger = logging.getLogger(__name__)

#: Between two looks when nobody hints at a change.
LOOK_EVERY_S = 0.5
#: Between two looks while changes follow each other.
_PAUSE_S = 0.05
#: Between two tries to reach Redis.
_RETRY_S = 2.0

#: The loop itself holds on to no task.
_ending: set[asyncio.Task[None]] = set()


class Source(Protocol):
    """Where changes of one kind are read. `begin` and `look` have one caller at a time, the others any number."""

    kind: str
    position: int

    def begin(self) -> None: ...

    def look(self) -> Sequence[Change]: ...

    def visible(self, identity: Any, subjects: Collection[int]) -> Collection[int]: ...


class Hub:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self.executions = ExecutionChanges()
        self.operations = operation_changes()
        self.workers = worker_changes()
        self.events = EventChanges()
        self.position: Position = ()
        self._sources: tuple[Source, ...] = (self.executions, self.operations, self.workers, self.events)
        self._readers: set[Subscription] = set()
        #: Kept over a look that failed half-way: a source tells each change once.
        self._found: list[Change] = []
        self._has_begun = asyncio.Event()
        self._hinted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self, reader: Subscription) -> None:
        """From now on `reader` is offered everything; returns when there is a position to begin at."""
        self._readers.add(reader)
        reader.position = self.position
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._listen())]
        await self._has_begun.wait()

    def leave(self, reader: Subscription) -> bool:
        """Whether that was the last one: then this hub has ended."""
        self._readers.discard(reader)
        if self._readers:
            return False
        ending = asyncio.create_task(_end(self._tasks))
        _ending.add(ending)
        ending.add_done_callback(_ending.discard)
        return True

    async def _run(self) -> None:
        while True:
            try:
                if self._has_begun.is_set():
                    await self._look()
                else:
                    await self._begin()
            except (DatabaseError, PoolTimeout) as error:
                logger.warning("streams wait for the database: %s", type(error).__name__)
            except Exception:
                # Every reader hangs on this task: a surprise must cost no more than one look.
                logger.exception("a look for changes failed by a bug")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):  # `wait_for` may lose a cancellation
                    await self._hinted.wait()
            self._hinted.clear()
            await asyncio.sleep(_PAUSE_S)

    async def _begin(self) -> None:
        self.position = await asyncio.to_thread(_begin, self._sources)
        for reader in self._readers:
            reader.position = self.position
        self._has_begun.set()

    async def _look(self) -> None:
        before = self.position
        after = await asyncio.to_thread(_look, self._sources, self._found)
        changes = self._found
        readers: dict[tuple[int, int | None], list[Subscription]] = {}
        for reader in self._readers:
            token = reader.identity.token  # two tokens of one identity may see different things
            readers.setdefault((reader.identity.pk, token.pk if token else None), []).append(reader)
        for group in readers.values():
            wanted = [change for change in changes if any(reader.wants(change) for reader in group)]
            shown = await asyncio.to_thread(_visible, self._sources, group[0].identity, wanted)
            for reader in group:
                reader.offer([change for change in shown if reader.wants(change)], before=before, after=after)
        self.position, self._found = after, []

    async def _listen(self) -> None:
        while True:
            with suppress(*FAILURES, redis.RedisError):
                await self._hear()
            await asyncio.sleep(_RETRY_S)

    async def _hear(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=CALL_BUDGET_S)
        async with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(CHANNEL)
            async for _ in subscription.listen():
                self._hinted.set()


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Again and again: the client of Redis loses a cancellation that comes while it connects."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_PAUSE_S)


def _begin(sources: Iterable[Source]) -> Position:
    try:
        for source in sources:
            source.begin()
        return tuple(source.position for source in sources)
    finally:
        release_connection()


def _look(sources: Iterable[Source], found: list[Change]) -> Position:
    try:
        for source in sources:
            found += source.look()
        return tuple(source.position for source in sources)
    finally:
        release_connection()


def _visible(sources: Iterable[Source], identity: Identity, changes: Sequence[Change]) -> list[Change]:
    """Those of `changes` that are for `identity` to see."""
    if not changes:
        return []
    try:
        shown = {
            (source.kind, subject)
            for source in sources
            if (subjects := {change.subject for change in changes if change.kind == source.kind})
            for subject in source.visible(identity, subjects)
        }
    finally:
        release_connection()
    return [change for change in changes if (change.kind, change.subject) in shown]


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


async def join(reader: Subscription) -> Hub:
    """The running loop's hub, started if need be. `leave` must follow."""
    hub = _hubs.setdefault(asyncio.get_running_loop(), Hub())
    try:
        await hub.join(reader)
    except BaseException:
        leave(hub, reader)
        raise
    return hub


def leave(hub: Hub, reader: Subscription) -> None:
    loop = asyncio.get_running_loop()
    if hub.leave(reader) and _hubs.get(loop) is hub:
        del _hubs[loop]
