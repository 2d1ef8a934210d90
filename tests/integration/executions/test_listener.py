"""What a worker hears over Redis, where anybody may publish who reaches it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core.redis import client
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


def say(message: str | bytes) -> bool:
    """Whether somebody heard it."""
    return bool(client().publish(CANCEL_CHANNEL, message))


@pytest.mark.parametrize("forged", ["\u00b2", "9" * 5000, b"\xff\xfe", "-7", ""])
def test_nothing_that_is_said_makes_it_deaf(stopped: list[int], forged: str | bytes) -> None:
    wait_for(lambda: say(forged), what="the listener to listen")
    wait_for(lambda: say("7") and 7 in stopped, what="a cancel to be heard")
    assert set(stopped) == {7}
