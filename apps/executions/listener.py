"""Hears over Redis what is asked of this worker, so that it takes effect at once and not with the next heartbeat."""

import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from redis.client import PubSub

from apps.core.redis import FAILURES, connect
from apps.executions.wakeups import CANCEL_CHANNEL
from apps.runner.outcome import StopReason
from apps.workers import wake
from apps.workers.host import Host

logger = logging.getLogger(__name__)

#: Between two tries to reach Redis; meanwhile the heartbeat finds it all.
_RETRY_S = 2.0
_LISTEN_S = 1.0
#: Of an execution or a worker.
_ID = re.compile(rb"[0-9]{1,19}")


class Listener:
    """A thread of its own; `start` and `stop`. `beat` brings the heartbeat on."""

    def __init__(self, host: Host, *, beat: Callable[[], None]) -> None:
        self._host = host
        self._beat = beat
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

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
            except Exception:
                # Anybody who reaches Redis may publish anything; the thread must outlive it.
                logger.exception("what was heard was not understood")
                self._stopping.wait(_RETRY_S)

    def _listen(self) -> None:
        client = connect(settings.REDIS_URL, decodes=False)
        subscription = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py
        try:
            subscription.subscribe(CANCEL_CHANNEL, wake.CHANNEL)
            self._beat()  # finds what was asked while nobody listened
            while not self._stopping.is_set():
                self._take(subscription)
        finally:
            with suppress(*FAILURES):
                subscription.close()
                client.close()

    def _take(self, subscription: PubSub) -> None:
        message = subscription.get_message(timeout=_LISTEN_S)
        if not message or not _ID.fullmatch(message["data"]):
            return
        if message["channel"] == CANCEL_CHANNEL.encode():
            self._host.stop(int(message["data"]), StopReason.CANCELED)
        elif int(message["data"]) == self._host.worker_id:
            self._beat()
