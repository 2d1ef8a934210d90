"""Wakes up who waits for an execution, over Redis. A lost wake-up costs a poll, never an answer."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from apps.core.redis import FAILURES, RedisAway, channel, client, guarded

logger = logging.getLogger(__name__)

#: Cancel requests, for all workers; the message is an execution's id.
CANCEL_CHANNEL = channel("cancel")
#: How often who waits looks for itself.
_LOOK_EVERY_S = 1.0


def ended_channel(execution_id: int) -> str:
    return channel(f"ended:{execution_id}")


def publish(to: str, message: str) -> None:
    with suppress(RedisAway), guarded():
        client().publish(to, message)


def wait_until(is_done: Callable[[], bool], *, execution_id: int, timeout_s: float) -> bool:
    """Waits until `is_done()`, looking at each wake-up and every second. Returns its last answer."""
    deadline = time.monotonic() + timeout_s
    subscription = client().pubsub(ignore_subscribe_messages=False)  # type: ignore[no-untyped-call]  # redis-py
    try:
        _subscribe(subscription, ended_channel(execution_id))
        while not (done := is_done()) and (left := deadline - time.monotonic()) > 0:
            _sleep(subscription, min(left, _LOOK_EVERY_S))
        return done
    finally:
        with suppress(*FAILURES):
            subscription.close()


def _subscribe(subscription: object, to: str) -> None:
    """Returns once Redis has confirmed, so that nothing published afterwards is missed."""
    with suppress(RedisAway), guarded():
        subscription.subscribe(to)  # type: ignore[attr-defined]  # redis-py's PubSub is not typed
        subscription.get_message(timeout=1)  # type: ignore[attr-defined]  # as above


def _sleep(subscription: object, seconds: float) -> None:
    started = time.monotonic()
    try:
        with guarded():
            subscription.get_message(timeout=seconds)  # type: ignore[attr-defined]  # as above
            return
    except (RedisAway, RuntimeError, UnicodeDecodeError):  # anybody who reaches Redis may publish anything
        time.sleep(max(0.0, min(seconds, _LOOK_EVERY_S) - (time.monotonic() - started)))
