"""Runs a Valkey server of our own that keeps what it is told, reachable by one Unix socket only."""

import contextlib
import signal
import socket
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from apps.standalone.binaries import find_valkey
from apps.standalone.child import Program
from apps.standalone.embedded import EmbeddedServer
from apps.standalone.sockets import SocketFolder


class EmbeddedValkey(EmbeddedServer):
    """A Valkey server over one data folder: a crash costs at most the last second's writes, memory none."""

    def __init__(
        self, data_dir: Path, socket_path: Path, *, log: Path | None = None, server: Path | None = None
    ) -> None:
        """Prefers `socket_path` for the socket; the log lies beside the data unless `log` is given."""
        sockets = SocketFolder(socket_path.parent, name=socket_path.name)
        super().__init__(data_dir, sockets, log=log)
        self._socket = sockets.path / socket_path.name
        self._given_server = server

    @property
    def url(self) -> str:
        """The server's address in the form of REDIS_URL."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @cached_property
    def program(self) -> Program:
        """How to run the server."""
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",  # the append-only file is enough
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return Program(
            name="valkey",
            argv=(str(self._server), *options),
            cwd=self._data.parent,
            log=self._log,
            prepare=self._prepare,
            is_ready=self._is_ready,
            death_signal=signal.SIGTERM,
        )

    @cached_property
    def _server(self) -> Path:
        return self._given_server or find_valkey()

    def _prepare(self) -> None:
        self._sockets.make()
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two servers would write the same files: Valkey, unlike PostgreSQL, does not look.
        self._wait_for_leftovers(self._server)

    def _is_ready(self) -> bool:
        """True when the server answers a PING; while it loads its data it answers with an error."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            connection.connect(str(self._socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        return False
