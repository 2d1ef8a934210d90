"""Waits for what runs on a worker that takes nothing more, and interrupts what outlasts its patience."""

import logging
import threading
import time

from apps.runner.outcome import StopReason
from apps.workers.host import Host

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1


class Drain:
    """`begin` and `call_off` as often as one likes; both return at once. A process that ends is not called off."""

    def __init__(self, host: Host, *, patience_s: float) -> None:
        self._host = host
        self._patience_s = patience_s
        self._called_off = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        if self._thread is None or not self._thread.is_alive() or self._called_off.is_set():
            self._called_off = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._called_off,), name="drain", daemon=True)
            self._thread.start()

    def call_off(self) -> None:
        """What was interrupted already stays so."""
        self._called_off.set()

    def _run(self, called_off: threading.Event) -> None:
        logger.info("worker %s drains: %d running", self._host.name, len(self._host.running_ids))
        deadline = time.monotonic() + self._patience_s
        while self._host.busy_slots and time.monotonic() < deadline:
            # A heartbeat that was under way when the process was told to end may still have called it off.
            if called_off.is_set() and not self._host.intake.is_stopping:
                return
            time.sleep(_LOOK_EVERY_S)
        for execution_id in self._host.running_ids:
            logger.warning("it is interrupted: its worker drains", extra={"execution_id": execution_id})
            self._host.stop(execution_id, StopReason.INTERRUPTED)
        self._host.stop_builds()
