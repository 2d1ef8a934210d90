"""Hears cancel requests over Redis, so that they take effect at once and not with the next heartbeat."""

import logging
import threading
from contextlib import suppress

from django.conf import settings
from redis.client import PubSub

from apps.core.redis import FAILURES, connect
from apps.executions.wakeups import CANCEL_CHANNEL
from apps.runner.outcome import StopReason
from apps.workers.host import Host

logger = logging.getLogger(__name__)

#: Between two tries to reach Redis; meanwhile the heartbeat finds cancels.
_RETRY_S = 2.0
_LISTEN_S = 1.0


class CancelListener:
    """A thread of its own; `start` and `stop`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cancel-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except FAILURES:
                self._stopping.wait(_RETRY_S)

    def _listen(self) -> None:
        client = connect(settings.REDIS_URL)
        subscription = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py
        try:
            subscription.subscribe(CANCEL_CHANNEL)
            while not self._stopping.is_set():
                self._take(subscription)
        finally:
            with suppress(*FAILURES):
                subscription.close()
                client.close()

    def _take(self, subscription: PubSub) -> None:
        message = subscription.get_message(timeout=_LISTEN_S)
        if message and str(message["data"]).isdigit():
            self._host.stop(int(message["data"]), StopReason.CANCELED)
