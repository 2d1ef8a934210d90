"""A thread that does one thing again and again until it is stopped."""

import logging
import threading
from collections.abc import Callable

from django.db import connection

logger = logging.getLogger(__name__)


class Repeating:
    """`deed` every `every_s`, the first time at once; it may return after how many seconds it wants to be next.

    A deed that fails is logged, and comes again. Its database connection is given back after each.
    """

    def __init__(self, name: str, deed: Callable[[], float | None], *, every_s: float) -> None:
        self._deed = deed
        self._every_s = every_s
        self._is_stopping = False
        self._signal = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, patience_s: float = 5.0) -> None:
        """Returns when the thread has ended; one that hangs in its deed is left behind after `patience_s`."""
        self._is_stopping = True
        self._signal.set()
        self._thread.join(patience_s)

    def wake(self) -> None:
        """Ends the pause; during the deed, the one after it."""
        self._signal.set()

    def _run(self) -> None:
        while True:
            self._signal.clear()
            if self._is_stopping:  # looked at after: what is asked from here on ends the next pause
                return
            pause_s = None
            try:
                pause_s = self._deed()
            except Exception:
                logger.exception("%s failed", self._thread.name)
            finally:
                connection.close()
            self._signal.wait(self._every_s if pause_s is None else pause_s)
