"""What processes count arrives in Redis, whatever happens to them or to it."""

import json
from collections.abc import Iterator

import pytest

from apps.core.metrics import counting, publishing
from apps.core.metrics.catalogue import HINTS, HTTP_REQUESTS
from apps.core.metrics.publishing import HASH, Publisher
from apps.core.redis import client
from tests.waiting import wait_for

HINTS_KEY = (HINTS.name, (), "")


@pytest.fixture
def clean(fresh: None) -> Iterator[None]:
    before = counting.take()
    yield
    counting.take()
    counting.put_back(before)


def test_two_processes_add_up(clean: None) -> None:
    for number in (2, 3):
        publishing.add(client(), {HINTS_KEY: number})
    assert publishing.read()[HINTS_KEY] == 5


def test_a_process_tells_every_few_seconds_and_the_rest_as_it_ends(clean: None) -> None:
    publisher = Publisher(every_s=0.05)
    publisher.start()
    counting.count(HINTS, by=2)
    wait_for(lambda: publishing.read().get(HINTS_KEY) == 2, what="the counts to be told")
    publisher.stop()
    slow = Publisher(every_s=3600)
    slow.start()
    counting.count(HINTS, by=5)
    slow.stop()
    assert publishing.read()[HINTS_KEY] == 7


def test_counts_outlive_a_redis_that_is_away(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = Publisher(every_s=3600)
    counting.count(HINTS, by=2)
    with monkeypatch.context() as away:
        away.setattr(publishing, "add", _refuse)
        publisher._publish()
    publisher._publish()
    assert publishing.read()[HINTS_KEY] == 2
    publisher._client.close()


def _refuse(*_: object) -> None:
    raise ConnectionError


def test_an_emptied_redis_begins_at_zero(clean: None) -> None:
    publishing.add(client(), {HINTS_KEY: 2})
    client().flushdb()
    assert publishing.read() == {}


def test_what_another_version_counts_is_left_alone(clean: None) -> None:
    client().hset(HASH, json.dumps(["attune_of_tomorrow_total", [], ""]), 1)
    client().hset(HASH, json.dumps([HTTP_REQUESTS.name, ["one label only"], ""]), 1)
    assert publishing.read() == {}
