"""A private Attune: started from a source tree, asked over REST, known by its processes, stopped and removed."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from apps.standalone import instance
from apps.standalone.child import tied_to_us
from apps.standalone.layout import Layout
from apps.standalone.processes import descendants
from apps.standalone.records import Records

ROOT = Path(__file__).resolve().parents[1]
PACK = Path(__file__).with_name("pack")
#: Somebody's own Attune, its servers and folders, are none of ours.
_FOREIGN = ("ATTUNE_", "DJANGO_", "PYTEST_", "DATABASE_URL", "REDIS_URL")
#: For a start, an installation, a stop on a busy machine.
_PATIENCE_S = 240.0


class Broken(Exception):
    """The run itself could not be done; says nothing of Attune's promise."""


class Fleet:
    """`layout` says where everything is. Made by `private_fleet`."""

    def __init__(self, var_dir: Path, *, tree: Path, settings: Mapping[str, str]) -> None:
        self.layout = Layout(var_dir)
        self._tree = tree
        own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        self._environment = {
            **own,
            "ATTUNE_VAR_DIR": str(var_dir),
            "ATTUNE_PORT": str(_free_port()),
            "PYTHONPATH": str(tree),
            **settings,
        }
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.token = ""
        self.url = ""

    def start(self) -> None:
        """Returns when it answers and a worker is there. Raises `Broken` with the log of what failed."""
        self.layout.var.mkdir(parents=True, exist_ok=True)
        log = self.layout.var / "start.log"
        with log.open("wb") as output:
            self._supervisor = subprocess.Popen(
                [*tied_to_us(signal.SIGTERM), sys.executable, "-P", "-m", "chaos.supervise"],
                cwd=self._tree,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for us, and we stop it in order
            )
        self._wait(self._is_ready, what="the private Attune", log=log)
        profile = tomllib.loads(self.layout.cli_profile.read_text())["profiles"]["default"]
        self.token, self.url = profile["token"], f"{profile['url']}/api/v1"

    def stop(self) -> None:
        """In good order, and by force where that takes too long."""
        process, self._supervisor = self._supervisor, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def client(self, *, timeout_s: float = 30) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=httpx.Timeout(timeout_s)
        )

    def install(self, pack: Path) -> None:
        with self.client() as client:
            answer = client.post("/packs/install", json={"source": str(pack)})
            if answer.status_code != 202:
                raise Broken(f"the pack cannot be installed: {answer.text}")
            found: dict[str, Any] = {}

            def is_over() -> bool:
                found.update(client.get(f"/operations/{answer.json()['id']}").json())
                return found["status"] in ("succeeded", "failed")

            self._wait(is_over, what="the pack's installation")
            if found["status"] == "failed":
                raise Broken(f"the pack cannot be installed: {found}")

    @property
    def settings(self) -> dict[str, str]:
        """What was chosen at the start, addresses of the servers included."""
        lines = self.layout.env.read_text().splitlines()
        pairs = (shlex.split(line)[0].partition("=") for line in lines if line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def pids(self) -> dict[str, int]:
        """Of what runs now, by name: `worker-1`, `web`, `postgres`, …"""
        return {record.name: record.process.pid for record in Records(self.layout.run).running()}

    def warden_of(self, worker_pid: int) -> int | None:
        """The warden is the worker's child; its own children are supervisors of runs."""
        for process in descendants([worker_pid]):
            if _parent(process.pid) == worker_pid and b"warden" in _command_line(process.pid):
                return process.pid
        return None

    def _is_ready(self) -> bool:
        found = instance.find_instance(self.layout.run)
        return found is not None and found.is_ready

    def _wait(self, is_done: Callable[[], bool], *, what: str, log: Path | None = None) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not is_done():
            has_ended = self._supervisor is not None and self._supervisor.poll() is not None
            if has_ended or time.monotonic() > deadline:
                said = log.read_text(errors="replace") if log else ""
                raise Broken(f"{what} {'ended' if has_ended else 'was not there in time'}\n{said}".rstrip())
            time.sleep(0.05)


@contextmanager
def private_fleet(var_dir: Path, *, tree: Path = ROOT, settings: Mapping[str, str]) -> Iterator[Fleet]:
    """Started, with the pack of the chaos run; stopped whatever happens. `settings` are environment variables."""
    fleet = Fleet(var_dir, tree=tree, settings=settings)
    try:
        fleet.start()
        fleet.install(PACK)
        yield fleet
    finally:
        fleet.stop()


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
