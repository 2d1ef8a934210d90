"""Adds what the processes of Attune counted up in one hash in Redis, and reads it.

Each process adds what is new every few seconds and as it ends, so a sum never falls when a process goes, and there are
no series per process. A process that is killed takes its last seconds along; an emptied Redis begins at zero, which is
what a restarted program looks like to Prometheus.
"""

import atexit
import json
import logging
import threading
from collections.abc import Mapping

import redis
from django.conf import settings
from django.db import connections

from apps.core.metrics import catalogue, counting
from apps.core.metrics.counting import Key
from apps.core.redis import FAILURES, client, connect, guarded

logger = logging.getLogger(__name__)

HASH = "attune:metrics"
EVERY_S = 2.0

#: What psycopg's pool tells of itself → the metric, and how many of its units one of ours has.
_POOL = {
    "requests_num": (catalogue.POOL_REQUESTS, 1),
    "requests_queued": (catalogue.POOL_QUEUED, 1),
    "requests_wait_ms": (catalogue.POOL_WAIT, 1000),
    "requests_errors": (catalogue.POOL_ERRORS, 1),
}


class Publisher:
    """A thread of its own with a connection of its own: nobody waits for it, and its failures open no breaker."""

    def __init__(self, *, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._client = connect(settings.REDIS_URL)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._pool_before: Mapping[str, int] = {}

    def start(self) -> None:
        """Until `stop`, or the end of the process."""
        atexit.register(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """Tells the rest and returns when the thread has ended. A second call does nothing."""
        atexit.unregister(self.stop)
        self._stopping.set()
        self._thread.join()
        self._client.close()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self._publish()
        self._publish()

    def _publish(self) -> None:
        self._count_pool()
        taken = counting.take()
        try:
            add(self._client, taken)
        except (*FAILURES, redis.RedisError):
            # Perhaps it arrived and only the answer is missing: then it counts twice, which is better than never.
            counting.put_back(taken)
        except Exception:
            logger.exception("counts of this process were lost")

    def _count_pool(self) -> None:
        pool = getattr(connections["default"], "_connection_pools", {}).get("default")
        now: Mapping[str, int] = pool.get_stats() if pool is not None else {}
        for name, (metric, units) in _POOL.items():
            if (more := now.get(name, 0) - self._pool_before.get(name, 0)) > 0:
                counting.count(metric, by=more / units)
        self._pool_before = now


def add(to: "redis.Redis", counted: Mapping[Key, float]) -> None:
    """One round trip; nothing where nothing was counted."""
    if not counted:
        return
    pipeline = to.pipeline(transaction=False)
    for key, value in counted.items():
        pipeline.hincrbyfloat(HASH, json.dumps(key), value)
    pipeline.execute()


def read() -> dict[Key, float]:
    """What all processes have told so far. Raises `RedisAway`."""
    with guarded():
        found: Mapping[str, str] = client().hgetall(HASH)  # type: ignore[assignment]  # decoded
    return {key: float(value) for field, value in found.items() if (key := _key(field)) is not None}


def _key(field: str) -> Key | None:
    """None for what another version of Attune counts and this one does not know."""
    name, labels, part = json.loads(field)
    metric = catalogue.BY_NAME.get(name)
    if metric is None or len(labels) != len(metric.labels):
        return None
    return name, tuple(labels), part


def start() -> Publisher:
    """Makes this process tell what it counts. Call it once the process will not fork any more."""
    publisher = Publisher()
    publisher.start()
    return publisher
