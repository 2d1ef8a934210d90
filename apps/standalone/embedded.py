"""What the embedded servers have in common: started and stopped as one child, sole owner of a data folder."""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from apps.standalone.child import POLL_S, Child, Program
from apps.standalone.errors import StandaloneError
from apps.standalone.processes import processes_in
from apps.standalone.sockets import SocketFolder

#: First start, or recovery after a crash, on a slow disk. Seconds.
START_TIMEOUT_S = 120.0

#: How long a killed server's processes may take to be gone. Seconds.
LEFTOVERS_TIMEOUT_S = 10.0


class EmbeddedServer(ABC):
    """A database server run as a child of this process, on a Unix socket.

    1. `start`: returns when the server answers at `url`. Or hand `program` to a supervisor.
    2. `stop`: writes everything down. Data stay; the next `start` finds them, after a SIGKILL too.

    Use it from the main thread if the server is to end together with this process (see `child`).
    """

    def __init__(self, data_dir: Path, sockets: SocketFolder, *, log: Path | None) -> None:
        self._data = data_dir.absolute()
        self._sockets = sockets
        self._log = log or self._data.with_name(f"{self._data.name}.log")
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The server's address; the same on every start over the same folders."""

    @property
    @abstractmethod
    def program(self) -> Program:
        """How to run the server."""

    @property
    def pid(self) -> int | None:
        """The server's process; None unless this object started it."""
        return self._child.pid if self._child else None

    def start(self, *, deadline_s: float = START_TIMEOUT_S) -> None:
        """Start the server, wait until it answers. Raises StandaloneError, leaving nothing running."""
        self._child = Child.start(self.program)
        try:
            self._child.wait_until_ready(deadline_s=deadline_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if this object started it."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        self.clean_up()

    def clean_up(self) -> None:
        """Remove what a server that has ended, in whatever way, leaves outside of its data folder."""
        self._sockets.remove()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_for_leftovers(self, server: Path) -> None:
        """Return when no other server works in the data folder; one that was killed needs a moment to go."""
        deadline = time.monotonic() + LEFTOVERS_TIMEOUT_S
        while pids := processes_in(self._data, name=server.name):
            if time.monotonic() > deadline:
                raise StandaloneError(f"{server.name} is already running in {self._data} (process {pids[0]}).")
            time.sleep(POLL_S)
