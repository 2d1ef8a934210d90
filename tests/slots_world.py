"""Both stores of the lines for the same tests: a twin in memory, and a real Valkey."""

from collections.abc import Callable
from dataclasses import dataclass

import redis

from apps.core.redis import connect
from apps.executions.slots.memory_slots import MemorySlots, Store
from apps.executions.slots.protocol import Entry, GateRef, Limit, Slots, Snapshot
from apps.executions.slots.redis_slots import EPOCH_KEY, FixedEpoch, RedisSlots

#: Where scripts read the time once `on_a_stopped_clock` has gone over them.
CLOCK_KEY = "test:clock"
_CLOCK = "local time = redis.call('TIME')"


def on_a_stopped_clock(source: str) -> str:
    """A script that believes a key instead of the server's clock."""
    assert _CLOCK in source
    return source.replace(_CLOCK, f"local time = {{redis.call('GET', '{CLOCK_KEY}') / 1000, 0}}")


@dataclass
class World:
    """`slots` in epoch 1, empty; `wipe` is a server that came back without data; `open(n)` believes in epoch n.

    `set_clock` stops the store's clock at a moment, in ms.
    """

    slots: Slots
    wipe: Callable[[], object]
    open: Callable[[int], Slots]
    set_clock: Callable[[int], object]


def memory_world() -> World:
    store = Store()

    def set_clock(now_ms: int) -> None:
        store.now_ms = lambda: now_ms

    world = World(MemorySlots(store, epoch=1), store.wipe, lambda epoch: MemorySlots(store, epoch=epoch), set_clock)
    world.slots.rebuild(1, Snapshot())
    return world


def redis_world(url: str) -> World:
    client = connect(url)
    remove_slots(client)
    world = World(
        RedisSlots(client, epochs=FixedEpoch(1)),
        lambda: remove_slots(client),
        lambda epoch: RedisSlots(client, epochs=FixedEpoch(epoch)),
        lambda now_ms: client.set(CLOCK_KEY, now_ms),
    )
    world.slots.rebuild(1, Snapshot())
    return world


def remove_slots(client: "redis.Redis") -> None:
    for key in [*client.scan_iter(match="{slots}:*", count=1000), EPOCH_KEY]:
        client.delete(key)


def entry(execution: int, number: int, *gates: int, attempt: int = 1, holds: bool = False) -> Entry:
    """On its way through `gates`; each gate's policy has the gate's number."""
    return Entry(execution, attempt, number, tuple(GateRef(gate, gate) for gate in gates), holds)


def limit(gate: int, most: int | None, version: int = 1) -> Limit:
    return Limit(gate, most, version)


def rate(gate: int, most: int | None, window_ms: int, version: int = 1) -> Limit:
    return Limit(gate, most, version, window_ms)
