"""Runs a PostgreSQL server of our own: made on first use, reachable by one Unix socket only, never by TCP."""

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from apps.standalone.binaries import PostgresPrograms, find_postgres
from apps.standalone.child import Program
from apps.standalone.embedded import EmbeddedServer
from apps.standalone.errors import DataUnusableError, StandaloneError
from apps.standalone.sockets import SocketFolder
from apps.standalone.unprivileged import Launcher, find_launcher

#: The port is only part of the socket's name; nothing listens on it.
SOCKET_NAME = ".s.PGSQL.5432"

#: For data that may be lost with the machine (tests): two to five times faster commits.
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

#: Written to postgresql.conf when the data are made, and the operator's to change from then on: a machine
#: with little memory, where several idle connections per role are normal.
FIRST_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "log_checkpoints": "off",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
}

#: The same from PostgreSQL 18 on: no processes of their own for reading ahead.
FIRST_SETTINGS_18 = {"io_method": "sync"}

#: Oldest that Django 5.2 works with.
OLDEST_MAJOR = 14

#: The application's role owns its database and may make others (tests do), but is no superuser.
FIRST_SQL = "CREATE ROLE attune LOGIN CREATEDB\nCREATE DATABASE attune OWNER attune\n"

#: initdb on a slow disk. Seconds.
INITDB_TIMEOUT_S = 120.0

#: A login as https://www.postgresql.org/docs/current/protocol-message-formats.html has it, protocol 3.0.
LOGIN = struct.pack("!i", 196608) + b"user\0attune\0database\0attune\0\0"
HELLO = struct.pack("!i", len(LOGIN) + 4) + LOGIN
GOODBYE, READY_FOR_QUERY = b"X\0\0\0\4", b"Z\0\0\0\5I"


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL server over one data folder, with the role and the database `attune`.

    Each start makes the data if there are none and refuses data it cannot serve. Works for root too, whom
    PostgreSQL itself refuses (see `unprivileged`).
    """

    def __init__(
        self,
        data_dir: Path,
        socket_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        log: Path | None = None,
        programs: PostgresPrograms | None = None,
    ) -> None:
        """`settings` override postgresql.conf; the log lies beside the data unless `log` is given."""
        super().__init__(data_dir, SocketFolder(socket_dir, name=SOCKET_NAME), log=log)
        self._settings = dict(settings or {})
        self._given_programs = programs

    @property
    def url(self) -> str:
        """The server's address in the form of DATABASE_URL."""
        return f"postgresql://attune@/attune?host={quote(str(self._sockets.path))}"

    @cached_property
    def version(self) -> str:
        """The programs' version, such as `18.6`."""
        answer = self._run(str(self._programs.postgres), "--version")
        match = re.search(r"\d+(\.\d+)?", answer.stdout)
        if answer.returncode != 0 or match is None:
            raise StandaloneError(f"{self._programs.postgres} does not run: {answer.stderr.strip()}")
        return match[0]

    @cached_property
    def program(self) -> Program:
        """How to run the server."""
        return Program(
            name="postgres",
            argv=(str(self._programs.postgres), "-D", str(self._data), *self._options()),
            launcher=self._launcher.argv,
            cwd=self._data.parent,
            env=_environment(),
            log=self._log,
            prepare=self._prepare,
            is_ready=self._is_ready,
            # Fast shutdown, then the immediate one, which leaves the rest to recovery at the next start.
            stop_signals=((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0)),
            death_signal=signal.SIGINT,
        )

    @cached_property
    def _programs(self) -> PostgresPrograms:
        return self._given_programs or find_postgres()

    @cached_property
    def _launcher(self) -> Launcher:
        return find_launcher(self._programs.postgres, data_dir=self._data)

    @property
    def _major(self) -> int:
        return int(self.version.split(".")[0])

    def _options(self) -> list[str]:
        folder = str(self._sockets.path).replace('"', '""')
        settings = {
            **self._settings,
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": f'"{folder}"',  # a list: quoted, or a comma would end the path
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _prepare(self) -> None:
        self._sockets.make()
        if self._major < OLDEST_MAJOR:
            raise StandaloneError(f"PostgreSQL {self.version} is too old: Attune needs {OLDEST_MAJOR} or newer.")
        if self._has_data():
            self._check_data()
        else:
            self._make_data()
        self._wait_for_leftovers(self._programs.postgres)
        # Nobody works in the folder, so a lock file in it is a dead server's. PostgreSQL would see that by
        # itself unless the number in it belongs to another process by now, as happens in containers.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _has_data(self) -> bool:
        return self._data.is_dir() and any(self._data.iterdir())

    def _check_data(self) -> None:
        try:
            found = (self._data / "PG_VERSION").read_text("ascii").strip()
            (self._data / "global" / "pg_control").stat()
        except OSError as error:
            raise DataUnusableError(
                f"{self._data} is not a complete PostgreSQL data folder "
                f"({error.strerror}: {error.filename}). "
                "Restore it, or move it away to begin with an empty database."
            ) from error
        if found != str(self._major):
            raise DataUnusableError(
                f"{self._data} was written by PostgreSQL {found}, but the programs are {self.version} "
                f"({self._programs.postgres.parent}). Name the bin folder of PostgreSQL {found} in "
                "ATTUNE_POSTGRES_BIN, or move the data with pg_dump."
            )
        if self._data.stat().st_uid != self._launcher.uid:
            self._hand_over(self._data)

    def _make_data(self) -> None:
        """Make the data under another name and rename them when complete: a cut-off start leaves no half."""
        self._data.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._data.with_name(f"{self._data.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._initdb(unfinished)
        settings = FIRST_SETTINGS | (FIRST_SETTINGS_18 if self._major >= 18 else {})
        with (unfinished / "postgresql.conf").open("a") as conf:
            conf.write("\n# Attune's choice for a small machine; yours to change.\n")
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self._run_first_sql(unfinished)
        unfinished.rename(self._data)

    def _initdb(self, folder: Path) -> None:
        # From 17 on the server brings a UTF-8 locale of its own, the same on every machine.
        own_locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self._major >= 17 else []
        sync = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        # Whoever can open the socket, in a private folder, may log in; nobody can by TCP.
        auth = ["--username=postgres", "--auth-local=trust", "--auth-host=reject"]
        answer = self._run(
            str(self._programs.initdb),
            *("-D", str(folder), "--encoding=UTF8", "--no-locale"),
            *(*own_locale, *auth, *sync, "--no-instructions"),
        )
        if answer.returncode != 0:
            raise StandaloneError(f"initdb could not make {self._data}:\n{answer.stderr.strip()}")

    def _run_first_sql(self, folder: Path) -> None:
        # Single-user mode needs no server, no socket and no client program. It reports errors as text only.
        answer = self._run(str(self._programs.postgres), "--single", "-D", str(folder), "postgres", text=FIRST_SQL)
        if answer.returncode != 0 or "ERROR:" in answer.stderr:
            raise StandaloneError(f"The database could not be made in {self._data}:\n{answer.stderr.strip()}")

    def _run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._launcher.argv, *command],
            input=text,
            capture_output=True,
            text=True,
            env=_environment(),
            timeout=INITDB_TIMEOUT_S,
            check=False,
        )

    def _hand_over(self, folder: Path) -> None:
        """Give root's data to the user that serves them here (they came from a machine with namespaces)."""
        for parent, _, files in os.walk(folder):
            for path in (parent, *(f"{parent}/{name}" for name in files)):
                os.chown(path, self._launcher.uid, self._launcher.gid, follow_symlinks=False)

    def _is_ready(self) -> bool:
        """True when the server accepts a login to our database."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            connection.connect(str(self._sockets.path / SOCKET_NAME))
            connection.sendall(HELLO)
            answer = b""
            while not answer.endswith(READY_FOR_QUERY):
                if not (received := connection.recv(4096)):
                    return False
                answer += received
            connection.sendall(GOODBYE)
            return True
        return False


def _environment() -> dict[str, str]:
    """The server's environment: nothing of ours, above all no PG* variable of a client's."""
    passed_on = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    return {**passed_on, "LC_ALL": "C"}
