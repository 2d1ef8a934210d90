"""Both stores of the lines for the same tests: a twin in memory, and a real Valkey."""

from collections.abc import Callable
from dataclasses import dataclass

import redis

from apps.core.redis import connect
from apps.executions.slots.memory_slots import MemorySlots, Store
from apps.executions.slots.protocol import Entry, GateRef, Limit, Slots, Snapshot
from apps.executions.slots.redis_slots import EPOCH_KEY, FixedEpoch, RedisSlots


@dataclass
class World:
    """`slots` in epoch 1, empty; `wipe` is a server that came back without data; `open(n)` believes in epoch n."""

    slots: Slots
    wipe: Callable[[], object]
    open: Callable[[int], Slots]


def memory_world() -> World:
    store = Store()
    world = World(MemorySlots(store, epoch=1), store.wipe, lambda epoch: MemorySlots(store, epoch=epoch))
    world.slots.rebuild(1, Snapshot())
    return world


def redis_world(url: str) -> World:
    client = connect(url)
    remove_slots(client)
    world = World(
        RedisSlots(client, epochs=FixedEpoch(1)),
        lambda: remove_slots(client),
        lambda epoch: RedisSlots(client, epochs=FixedEpoch(epoch)),
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
