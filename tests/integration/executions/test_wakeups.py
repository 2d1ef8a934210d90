"""Whoever waits for an execution is woken over Redis, and bears whatever stands in a message."""

import itertools

import pytest

from apps.core.redis import client
from apps.executions.wakeups import ended_channel, wait_until


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("message", [b"\xff\xfe", b"", b"x" * 100_000])
def test_a_forged_wake_up_costs_a_look(message: bytes) -> None:
    looks = itertools.count()

    def is_done() -> bool:
        client().publish(ended_channel(7), message)
        return next(looks) >= 3

    assert wait_until(is_done, execution_id=7, timeout_s=60)
