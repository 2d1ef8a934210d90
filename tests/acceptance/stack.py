"""The services of docker/compose.yaml as processes of this machine: their commands and variables as they stand there,
with the folders, secrets and servers of containers put into a temporary folder."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from apps.standalone.postgres import EmbeddedPostgres
from apps.standalone.valkey import EmbeddedValkey
from tests.architecture.manifests import DOCKER, image_environment, own_services, service_environment
from tests.ports import free_port
from tests.waiting import wait_for

#: Of the container's own image.
IMAGE_PYTHON = "/opt/attune/venv/bin"


@dataclass
class Stack:
    folder: Path
    port: int = field(default_factory=free_port)
    token: str = ""
    """The first administrator's."""

    def __post_init__(self) -> None:
        sockets = self.folder / "s"
        self.postgres = EmbeddedPostgres(self.folder / "postgres", sockets, settings={"fsync": "off"})
        self.valkey = EmbeddedValkey(self.folder / "valkey", sockets / "valkey.sock")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_servers(self) -> None:
        self.postgres.start()
        self.valkey.start()
        subprocess.run([DOCKER / "make-secrets", self.folder / "secrets"], check=True, capture_output=True)
        (self.folder / "secrets" / "database_url").write_text(self.postgres.url)

    def environment(self, service: str) -> dict[str, str]:
        given = {**image_environment(), **service_environment(own_services()[service])}
        given = {name: self._here(value, service) for name, value in given.items()}
        if service == "web":
            given["ATTUNE_PORT"] = str(self.port)  # what Compose does by publishing it
        return {"HOME": "/nonexistent", "TMPDIR": str(self._own(service, "tmp")), **given}

    def _here(self, value: str, service: str) -> str:
        own = {"/opt/attune/work": self._own(service, "work"), "/tmp/alive": self._own(service, "tmp") / "alive"}
        shared = {
            IMAGE_PYTHON: Path(sys.executable).parent,
            "/run/secrets": self.folder / "secrets",
            "redis://valkey:6379/0": self.valkey.url,
            **{f"/opt/attune/{name}": self.folder / name for name in ("packs", "runtime_envs", "artifacts")},
        }
        for there, here in {**own, **shared}.items():
            value = value.replace(there, str(here))
        return value

    def _own(self, service: str, name: str) -> Path:
        path = self.folder / "services" / service / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def run(self, service: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """A service that ends; `words` come after its own command."""
        command = [DOCKER / "entrypoint", *own_services()[service]["command"], *words]
        return subprocess.run(
            command, env=self.environment(service), capture_output=True, text=True, timeout=300, check=False
        )

    def start(self, service: str) -> None:
        with self.log(service).open("wb") as log:
            self._processes[service] = subprocess.Popen(
                [DOCKER / "entrypoint", *own_services()[service]["command"]],
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self, service: str) -> Path:
        return self._own(service, "tmp").parent / "log"

    def is_healthy(self, service: str) -> bool:
        """As the service's own health check finds it."""
        assert self._processes[service].poll() is None, self.log(service).read_text()
        checked = subprocess.run(
            [DOCKER / "healthcheck"], env=self.environment(service), capture_output=True, timeout=30, check=False
        )
        return checked.returncode == 0

    def wait_until_healthy(self, service: str) -> None:
        wait_for(lambda: self.is_healthy(service), what=f"{service} to be healthy", every_s=0.2, deadline_s=240)

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Host": "localhost", **headers}, timeout=60
        )

    def end(self, service: str) -> int:
        """Its exit code after SIGTERM."""
        process = self._processes.pop(service)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=60)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def stop(self) -> None:
        for service in reversed(list(self._processes)):
            self.end(service)
        self.valkey.stop()
        self.postgres.stop()
