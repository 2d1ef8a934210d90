"""What a worker hears over Redis, where anybody may publish who reaches it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from apps.core.redis import channel, client, connect
from apps.executions.listener import Listener
from apps.executions.wakeups import CANCEL_CHANNEL
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """What it was told to stop."""
    found: list[int] = []
    host: Any = SimpleNamespace(worker_id=1, stop=lambda execution_id, _: found.append(execution_id))
    listener = Listener(host, beat=lambda: None)
    listener.start()
    yield found
    listener.stop()


def hang_up() -> None:
    """On everybody who listens on a connection to this database: other tests have others."""
    own = str(client().connection_pool.connection_kwargs.get("db", 0))
    for other in client().client_list(_type="pubsub"):
        if other["db"] == own:
            client().client_kill_filter(_id=other["id"])


def say(message: str | bytes) -> bool:
    """Whether somebody heard it."""
    return bool(client().publish(CANCEL_CHANNEL, message))


@pytest.mark.parametrize("forged", ["\u00b2", "9" * 5000, b"\xff\xfe", "-7", ""])
def test_nothing_that_is_said_makes_it_deaf(stopped: list[int], forged: str | bytes) -> None:
    wait_for(lambda: say(forged), what="the listener to listen")
    say("7")
    wait_for(lambda: stopped, what="a cancel to be heard")
    assert stopped == [7]


def test_what_is_said_in_another_database_of_the_same_redis_is_not_heard(stopped: list[int]) -> None:
    """Redis has the same channels for all its databases, and another Attune has the same ids."""
    wait_for(lambda: say(""), what="the listener to listen")
    url = f"{settings.REDIS_URL.partition('?')[0]}?db=15"
    with override_settings(REDIS_URL=url):
        connect(url).publish(channel("cancel"), "6")
    say("7")
    wait_for(lambda: stopped, what="a cancel to be heard")
    assert stopped == [7]


def test_it_brings_on_a_heartbeat_that_finds_what_was_asked_while_it_was_deaf() -> None:
    beats: list[bool] = []
    host: Any = SimpleNamespace(worker_id=1)
    listener = Listener(host, beat=lambda: beats.append(True))
    listener.start()
    try:
        wait_for(lambda: len(beats) == 1, what="a heartbeat")
        hang_up()
        wait_for(lambda: len(beats) == 2, what="a heartbeat after it listens anew")
    finally:
        listener.stop()
