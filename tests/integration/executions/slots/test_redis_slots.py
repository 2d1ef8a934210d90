"""What only the store in Redis can get wrong."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from apps.core.redis import connect
from apps.executions.slots.protocol import Counts, Snapshot
from apps.executions.slots.redis_slots import RedisSlots
from tests.slots_world import entry, limit, redis_world, remove_slots


@pytest.fixture
def slots() -> Iterator[RedisSlots]:
    store = redis_world(settings.REDIS_URL).slots
    assert isinstance(store, RedisSlots)
    yield store
    remove_slots(connect(settings.REDIS_URL))


class Believer:
    """A process that read the epoch long ago."""

    def __init__(self, number: int, *, now: int) -> None:
        self._number, self._now = number, now

    def believed(self) -> int:
        return self._number

    def read_anew(self) -> int:
        self._number = self._now
        return self._number


def test_a_process_that_only_looks_learns_of_a_rebuild_by_others(slots: RedisSlots) -> None:
    slots.rebuild(2, Snapshot([limit(7, 1)], {7: 2}, [entry(11, 1, 7, holds=True)]))
    looking = RedisSlots(connect(settings.REDIS_URL), epochs=Believer(1, now=2))
    assert looking.counts([7]) == {7: Counts(waiting=0, holding=1)}


def test_a_rebuild_removes_what_one_that_was_cut_off_left(slots: RedisSlots) -> None:
    client = connect(settings.REDIS_URL)
    client.set("{slots}:2:loading", "some server")
    client.hset("{slots}:2:x:11", "attempt", 1)
    slots.rebuild(3, Snapshot([limit(7, 1)], {7: 2}, [entry(11, 1, 7, holds=True)]))
    left = {str(key).split(":")[1] for key in client.scan_iter(match="{slots}:*")}
    assert left == {"epoch", "3"}
