"""What a scheduler runs beside its sweep for timers: a thread that sleeps until the next is due, and one that hears of
timers that are due sooner."""

import threading
from contextlib import suppress

from django.conf import settings

from apps.core.redis import FAILURES, connect
from apps.core.repeating import Repeating
from apps.executions.sweep import run_step
from apps.triggers.timers.firing import fire_due, seconds_until_next
from apps.triggers.timers.waking import CHANNEL

#: Between two looks when nothing is due: so much later a timer fires whose hint was lost.
LOOK_EVERY_S = 1.0
#: With more due than one transaction takes, or a timer due within a moment: others get a turn.
_LEAST_S = 0.001
_LISTEN_S = 1.0
#: Between two tries to reach Redis.
_RETRY_S = 2.0


class TimerThreads:
    """One per scheduler process."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._pause_s = LOOK_EVERY_S
        self._firing = Repeating("timers", self.round, every_s=LOOK_EVERY_S)
        self._hearing = Repeating("timer hints", self._hear, every_s=_RETRY_S)

    def start(self) -> None:
        self._firing.start()
        self._hearing.start()

    def stop(self) -> None:
        self._stopping.set()
        self._firing.stop()
        self._hearing.stop()

    def round(self) -> float:
        """Fires what is due; in how many seconds to look again."""
        self._pause_s = LOOK_EVERY_S
        run_step(self._fire, name="fire_due")
        return self._pause_s

    def _fire(self) -> int:
        fired = fire_due()
        next_s = seconds_until_next()
        if next_s is not None:
            self._pause_s = min(LOOK_EVERY_S, max(_LEAST_S, next_s))
        return fired

    def _hear(self) -> None:
        """Returns when Redis cannot be reached, or all is to stop."""
        with suppress(*FAILURES):
            client = connect(settings.REDIS_URL, decodes=False)
            subscription = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py
            try:
                subscription.subscribe(CHANNEL)
                while not self._stopping.is_set():
                    if subscription.get_message(timeout=_LISTEN_S):
                        self._firing.wake()
            finally:
                subscription.close()
                client.close()
