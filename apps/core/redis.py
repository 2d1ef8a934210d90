"""The process's connection to Redis or Valkey, with a short budget: Redis away must never hold up a request.

A call has one second. After a failure the breaker stays open for five, and every call in that time fails at once.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from kombu.exceptions import BatchPublishError  # type: ignore[attr-defined]  # new in kombu 5.7, not in its stubs yet
from kombu.exceptions import OperationalError as BrokerError
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from apps.core.errors import Unavailable
from apps.core.metrics.catalogue import REDIS_CALLS
from apps.core.metrics.counting import count

#: Seconds one call may take before Redis counts as away.
CALL_BUDGET_S = 1.0
#: Seconds for which nobody tries again after a failure.
OPEN_S = 5.0

#: Of a server that is there but takes no writes: no room, a replica, a disk it cannot save to.
_REFUSALS = ("OOM", "READONLY", "MISCONF", "NOREPLICAS")
#: `BatchPublishError`: Redis went away, or took no writes, while hints were on their way.
FAILURES = (redis.ConnectionError, redis.TimeoutError, BrokerError, BatchPublishError, OSError)


class RedisAway(Unavailable):
    """Redis cannot be reached; what was accepted is kept and goes on when it is back."""

    code = "redis_away"


class Breaker:
    """Opens after a failure for `open_s`; thread-safe."""

    def __init__(self, *, open_s: float = OPEN_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._open_s = open_s
        self._clock = clock
        self._open_until = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._clock() < self._open_until

    def trip(self) -> None:
        with self._lock:
            self._open_until = self._clock() + self._open_s

    def reset(self) -> None:
        with self._lock:
            self._open_until = 0.0


breaker = Breaker()


@cache
def client() -> "redis.Redis":
    """The shared client. Wrap calls in `guarded()`."""
    return connect(settings.REDIS_URL)


def connect(url: str, *, timeout_s: float | None = CALL_BUDGET_S, decodes: bool = True) -> "redis.Redis":
    """A client of its own; `timeout_s=None` for one that blocks on purpose.

    Who listens takes bytes (`decodes=False`): anybody who reaches Redis may say what is no text.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=CALL_BUDGET_S,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        decode_responses=decodes,
    )


def channel(name: str) -> str:
    """What `name` is called on this Redis, whose databases all have the same channels: two Attunes that have a database
    each must not hear each other."""
    return f"attune:{_database(settings.REDIS_URL)}:{name}"


@cache
def _database(url: str) -> int:
    return int(parse_url(url).get("db", 0))  # type: ignore[no-untyped-call]  # redis-py


@contextmanager
def guarded() -> Iterator[None]:
    """Turns a failing or refused call inside into `RedisAway`, and remembers it for `OPEN_S`."""
    if breaker.is_open:
        count(REDIS_CALLS, "refused")
        raise RedisAway
    try:
        yield
    except FAILURES as error:
        breaker.trip()
        count(REDIS_CALLS, "failed")
        raise RedisAway from error
    except redis.ResponseError as error:
        if not _is_refusal(error):
            raise
        breaker.trip()
        count(REDIS_CALLS, "failed")
        raise RedisAway from error
    count(REDIS_CALLS, "ok")


def _is_refusal(error: redis.ResponseError) -> bool:
    # redis-py takes the code off where it has a class for it.
    is_known = isinstance(error, redis.ReadOnlyError | redis.exceptions.OutOfMemoryError)
    return is_known or str(error).startswith(_REFUSALS)


def is_reachable() -> bool:
    try:
        with guarded():
            return bool(client().ping())
    except RedisAway:
        return False
