"""A Redis that counts as away."""

import math

from apps.core.redis import breaker


def keep_redis_away() -> None:
    """Until `breaker.reset()`, as after each test: the five seconds after a failure may be over before a test is."""
    breaker.trip()
    breaker._open_until = math.inf
