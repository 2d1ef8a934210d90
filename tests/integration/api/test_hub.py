"""The listener of a web process ends with its last reader, whenever that one goes."""

import asyncio

import pytest

from apps.api.open_streams import Place
from apps.api.stream import hub as hubs
from apps.api.stream.hub import Hub
from apps.api.stream.subscription import Subscription
from apps.core.streaming import Change
from tests.people import People


def reader_of(people: People) -> Subscription:
    return Subscription(people.owner, kinds=["execution"], execution_id=None, place=Place(people.owner.pk))


def test_who_leaves_leaves_nobody_behind_who_listens(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(hub: Hub) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:  # as the client of Redis does it now and then
            await asyncio.sleep(3600)

    async def come_and_go() -> None:
        reader = reader_of(people)
        hubs.leave(await hubs.join(reader), reader)
        async with asyncio.timeout(30):
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.01)

    monkeypatch.setattr(Hub, "_hear", deaf)
    asyncio.run(come_and_go())


@pytest.mark.parametrize("ticks", range(6))
def test_a_reader_who_goes_just_when_something_comes_goes(people: People, ticks: int) -> None:
    async def goes() -> bool:
        reader = reader_of(people)
        waiting = asyncio.create_task(reader.take(3600))
        for _ in range(5):
            await asyncio.sleep(0)
        reader.offer([Change("execution", 1, {})], before=(1,), after=(2,))
        for _ in range(ticks):
            await asyncio.sleep(0)
        was_over = not waiting.cancel()
        await asyncio.wait([waiting])
        return was_over or waiting.cancelled()

    assert asyncio.run(goes())
