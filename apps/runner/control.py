"""The handle by which others stop a run, from any thread, before, while and after it runs."""

import contextlib
import socket
import threading

from apps.runner.outcome import StopReason
from apps.runner.warden import kernel
from apps.runner.warden.wire import CANCELED, INTERRUPTED

_MESSAGES = {StopReason.CANCELED: CANCELED, StopReason.INTERRUPTED: INTERRUPTED}


class RunControl:
    """Made by the caller *before* it claims an execution, for one run.

    The moment it was made decides whether a silence of the worker concerns this run: a run that was
    claimed before a silence, but would start after it, ends as lost instead.
    """

    def __init__(self) -> None:
        self.made_at = kernel.boottime()
        self._lock = threading.Lock()
        self._reason: StopReason | None = None
        self._supervisor: socket.socket | None = None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why somebody wanted it to stop; the first reason stays."""
        return self._reason

    def stop(self, reason: StopReason) -> None:
        """TERM, grace, KILL. Before the start it never starts; after the end this does nothing."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
                self._tell()

    def attach(self, supervisor: socket.socket) -> None:
        """Stops go to this socket from now on, also one that came before."""
        with self._lock:
            self._supervisor = supervisor
            if self._reason is not None:
                self._tell()

    def detach(self) -> None:
        """The run is over and its socket about to be closed."""
        with self._lock:
            self._supervisor = None

    def _tell(self) -> None:
        if self._supervisor is not None and self._reason is not None:
            with contextlib.suppress(OSError):  # its end is being read by the run at this moment
                self._supervisor.send(_MESSAGES[self._reason], socket.MSG_DONTWAIT)
