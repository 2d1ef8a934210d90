"""A whole Attune, started and stopped as an operator does it, in a folder and on a port of its own."""

import os
import re
import secrets
import signal
import socket
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.template import copy_data
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = {"succeeded", "failed", "timeout", "canceled", "abandoned"}


#: From here on the kernel gives ports to whoever wants any, as each connection does.
_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PORTS = range(15_000, 30_000)


def free_port() -> int:
    """One that nobody is given by chance before a server listens at it, which may take it half a minute."""
    is_apart = int(_GIVEN.read_text(encoding="ascii").split()[0]) >= _PORTS.stop
    while True:
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", secrets.choice(_PORTS) if is_apart else 0))
            return int(taken.getsockname()[1])


@dataclass
class Attune:
    """`settings` are environment variables for all roles. `is_new`: its first start makes everything: it takes long.
    `said` is what the last start said."""

    var_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    is_new: bool = False
    said: str = field(default="", init=False)

    def __post_init__(self) -> None:
        foreign = ("ATTUNE_", "DJANGO_", "PYTEST_", "DATABASE_URL", "REDIS_URL")
        kept = ("ATTUNE_VENV", "ATTUNE_PYTHON")
        own = {name: value for name, value in os.environ.items() if name in kept or not name.startswith(foreign)}
        chosen = {"ATTUNE_VAR_DIR": str(self.var_dir), "ATTUNE_PORT": str(self.port), **self.settings}
        self.environment = {**own, **chosen}

    def up(self) -> str:
        """What `script/up --detach` said."""
        if not self.is_new and not (self.var_dir / "postgres").exists():
            copy_data(self.var_dir / "postgres")
        started = self.script("up", "--detach", timeout_s=180)
        assert started.returncode == 0, started.stdout + started.stderr
        if "client" in vars(self):  # it ran before, or runs still
            self.client.close()
        self.client: httpx.Client = self._client()
        self.said = started.stdout
        return self.said

    def ensure_up(self) -> None:
        """Starts it unless it answers."""
        try:
            ready = httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=30)
        except httpx.HTTPError:
            self.up()
        else:
            assert ready.status_code == 200, ready.text

    def down(self) -> str:
        stopped = self.script("down", timeout_s=120)
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr
        self.client.close()
        return stopped.stdout

    def script(self, name: str, *args: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [ROOT / "script" / name, *args],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def cli(self, *args: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        return self.script("attune", *args, timeout_s=timeout_s)

    @property
    def profile(self) -> dict[str, str]:
        with (self.var_dir / "cli.toml").open("rb") as file:
            profile: dict[str, str] = tomllib.load(file)["profiles"]["default"]
        return profile

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.profile['token']}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1", headers=headers, timeout=60)

    def request(self, action: str, parameters: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        answer = self.client.post("/executions", json={"action": action, "parameters": parameters or {}, **more})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def run(self, action: str, parameters: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Requested, and waited for."""
        return self.ended(self.request(action, parameters, **{"wait_s": 20, **more})["id"])

    def ended(self, execution_id: int, *, deadline_s: float = 60) -> dict[str, Any]:
        def is_over() -> dict[str, Any] | None:
            body = self.execution(execution_id)
            return body if body["status"] in TERMINAL else None

        body: dict[str, Any] = wait_for(is_over, what=f"the end of {execution_id}", deadline_s=deadline_s, every_s=0.05)
        return body

    def execution(self, execution_id: int) -> dict[str, Any]:
        body: dict[str, Any] = self.client.get(f"/executions/{execution_id}").json()
        return body

    def running(self, execution_id: int) -> dict[str, Any]:
        def is_running() -> dict[str, Any] | None:
            body = self.execution(execution_id)
            return body if body["status"] == "running" else None

        body: dict[str, Any] = wait_for(is_running, what=f"the start of {execution_id}", every_s=0.05)
        return body

    def wait_until_healthy(self) -> None:
        """Until every role is there, nothing of earlier tests is, and an action runs."""
        ready = {"status": "ok", "database": "ok", "migrations": "ok", "redis": "ok", "workers": 1}

        def is_ready() -> bool:
            said = httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=30).json()
            return {name: said.get(name) for name in ready} == ready

        wait_for(is_ready, what="all roles", every_s=0.1)
        for row in self.executions(fields="id,status"):
            if row["status"] not in TERMINAL:  # of a test that failed
                self.client.post(f"/executions/{row['id']}/cancel")
                self.ended(row["id"])
        assert self.run("core.noop")["status"] == "succeeded"

    def executions(self, **query: str) -> list[dict[str, Any]]:
        """All that fit, through all pages."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.client.get("/executions", params={"limit": "500", **query, **cursor}).json()
            found += page["results"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def install(self, folder: Path, **options: Any) -> dict[str, Any]:
        """The ended operation."""
        answer = self.client.post("/packs/install", json={"source": str(folder), **options})
        assert answer.status_code == 202, answer.text
        operation_id = answer.json()["id"]

        def is_over() -> dict[str, Any] | None:
            body: dict[str, Any] = self.client.get(f"/operations/{operation_id}").json()
            return body if body["status"] in ("succeeded", "failed") else None

        ended: dict[str, Any] = wait_for(is_over, what=f"the operation {operation_id}", every_s=0.05)
        return ended

    def log(self, execution_id: int, stream: str = "stdout") -> str:
        return self.client.get(f"/executions/{execution_id}/logs/{stream}").text

    def role_log(self, role: str) -> str:
        return (self.var_dir / "log" / f"{role}.log").read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        """Everything that runs and belongs to this Attune: it names the folder, or works in it."""
        return {pid: line for pid, line in _command_lines() if str(self.var_dir) in line or _is_ours(pid, self.var_dir)}

    def pids_of(self, role: str) -> list[int]:
        """The processes of a role, the oldest first."""
        words = {
            "worker": "run_worker",
            "scheduler": "run_scheduler",
            "sensors": "run_sensors",
            "web": "uvicorn",
            "conductor": "run_conductor",
            "supervisor": "apps.standalone",
        }
        return sorted(pid for pid, line in self.processes().items() if words[role] in line)

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        os.kill(pid, number)

    def server_pid(self, server: str) -> int:
        if server == "postgres":
            return int((self.var_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        return next(pid for pid, line in self.processes().items() if re.search(r"valkey-server|redis-server", line))

    @property
    def variables(self) -> dict[str, str]:
        """`var/env`."""
        import shlex

        lines = (self.var_dir / "env").read_text().splitlines()
        pairs = (shlex.split(line)[0].partition("=") for line in lines if line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}


def _command_lines() -> Sequence[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            found.append((int(entry.name), line))
    return found


def _is_ours(pid: int, var_dir: Path) -> bool:
    if pid == os.getpid():
        return False
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"ATTUNE_VAR_DIR={var_dir}\0".encode() in environment + b"\0"
