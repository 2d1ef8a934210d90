import os
from collections.abc import Iterator

import pytest

from apps.core.redis import breaker
from tests.slots_world import World, memory_world, redis_world


@pytest.fixture(params=["memory", "redis"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    breaker.reset()
    yield memory_world() if request.param == "memory" else redis_world(os.environ["REDIS_URL"])
    breaker.reset()
