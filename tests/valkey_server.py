"""A Valkey of a test's own: to be killed, started again, to come back from an older snapshot, to follow another."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis

from apps.standalone.binaries import find_valkey
from tests.ports import free_port
from tests.waiting import wait_for


@dataclass
class ValkeyServer:
    """Keeps nothing but the snapshots it is told to take (`SAVE`)."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=0"

    def start(self, *more: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    find_valkey(), "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket),
                    "--dir", str(self.folder), "--save", "", "--appendonly", "no", "--daemonize", "no",
                    "--repl-diskless-sync-delay", "0", *more,
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        wait_for(self._is_ready, what="a Valkey")

    def follow(self, leader: "ValkeyServer") -> None:
        self.ask("REPLICAOF", "127.0.0.1", str(leader.port))
        wait_for(lambda: b"master_link_status:up" in self.ask("INFO", "replication"), what="the replica")

    def ask(self, *words: str) -> Any:
        with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=10) as client:
            client.response_callbacks.clear()
            return client.execute_command(*words)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self.kill()

    def _is_ready(self) -> bool:
        with suppress(redis.RedisError, OSError):
            return bool(self.ask("PING") == b"PONG")
        return False


@contextmanager
def valkey_server(folder: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
