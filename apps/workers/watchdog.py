"""Notices that this worker has stopped hearing: hints lie in its queues, it has free slots, and none reaches it.

Celery's consumer can fall silent after a reconnect and look alive (celery/celery discussions 8091 and 10205). A worker
like that beats on, so nobody would call it lost; it ends itself, and whoever looks after it starts another.
"""

import logging
import time
from collections.abc import Callable, Sequence

from apps.core.redis import RedisAway, client, guarded
from apps.workers.host import Host

logger = logging.getLogger(__name__)

#: Far longer than a hint takes to a free slot, also on a busy machine.
PATIENCE_S = 60.0


class Watchdog:
    """`look` is called with each heartbeat."""

    def __init__(
        self, host: Host, *, slots: int, patience_s: float = PATIENCE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._host = host
        self._slots = slots
        self._patience_s = patience_s
        self._clock = clock
        self._deaf_since: float | None = None
        self._heard = host.hints_heard

    def look(self) -> bool:
        """Whether it has been deaf for too long."""
        if not self._seems_deaf():
            self._deaf_since = None
            return False
        self._deaf_since = self._clock() if self._deaf_since is None else self._deaf_since
        return self._clock() - self._deaf_since >= self._patience_s

    def _seems_deaf(self) -> bool:
        heard, self._heard = self._heard, self._host.hints_heard
        if heard != self._host.hints_heard or not self._host.intake.is_open:
            return False
        if self._host.busy_slots >= self._slots:
            return False
        return _messages_in(self._host.capabilities.queues) > 0


def _messages_in(queues: Sequence[str]) -> int:
    """None count while Redis is away: then nobody hears anything, and it is nobody's fault."""
    try:
        with guarded():
            pipeline = client().pipeline(transaction=False)
            for queue in queues:
                pipeline.llen(queue)
            return sum(pipeline.execute())
    except RedisAway:
        return 0
