"""How many deliveries a webhook takes in a minute: counted in Redis for all web processes, and, while Redis is away, by
each process for itself."""

import math
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from apps.core.errors import LimitReached
from apps.core.redis import RedisAway, client, guarded

_LUA = Path(__file__).parent / "lua" / "take.lua"
_MINUTE_S = 60.0
#: Webhooks a process remembers while Redis is away.
_REMEMBERED = 10_000


class WebhookRateReached(LimitReached):
    """This webhook takes no more deliveries for now."""

    code = "webhook_rate_reached"


class OwnCount:
    """What one process has let through, by name; the same rule as `lua/take.lua`. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, name: str, per_minute: int) -> float:
        """0, or in how many seconds there will be room."""
        every = _MINUTE_S / per_minute
        with self._lock:
            now = self._clock()
            due = max(self._due.get(name, 0.0), now)
            if (early := due + every - now - _MINUTE_S) > 0:
                return early
            if len(self._due) >= _REMEMBERED and name not in self._due:
                self._due.clear()
            self._due[name] = due + every
            return 0.0


own = OwnCount()


def take(name: str, *, per_minute: int | None) -> None:
    """Takes one delivery under `name`. Raises `WebhookRateReached`, which says when to come again. None: no limit."""
    if per_minute is None:
        return
    if left_s := wait_s(name, per_minute=per_minute):
        after = max(1, math.ceil(left_s))
        raise WebhookRateReached(f"It takes {per_minute} deliveries a minute; try again.", retry_after_s=after)


def wait_s(name: str, *, per_minute: int) -> float:
    """Takes one, or says in how many seconds there will be room."""
    try:
        with guarded():
            return float(_script()(keys=[f"attune:webhook:rate:{name}"], args=[per_minute])) / 1000
    except RedisAway:
        return own.take(name, per_minute)


@cache
def _script() -> Any:
    return client().register_script(_LUA.read_text("utf-8"))
