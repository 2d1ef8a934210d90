"""A place to run things in: short ways to say what is run, and to wait for what should come true."""

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.outcome import RunResult
from apps.runner.output import Listener
from apps.runner.process import run
from apps.runner.spec import RunSpec, WarmServer
from apps.runner.warden_client import Warden
from tests.waiting import wait_for

RUNTIMES = Path(__file__).resolve().parents[3] / "packs/core/runtimes"
PATH = "/usr/local/bin:/usr/bin:/bin"
#: generous: it only ends tests that have failed
PATIENCE_S = 60.0


class Bench:
    """One warden, one folder, runs numbered as they come; with `warm`, started by that server."""

    def __init__(self, *, warden: Warden, folder: Path, warm: WarmServer | None = None) -> None:
        self.warden = warden
        self.warm = warm
        self.folder = folder
        self.work_root = folder / "work"
        self.work_root.mkdir()
        self._count = 0
        self.waits = True
        """For the server, before each run of a kind that was not warm yet."""
        self._warmed: set[object] = set()
        self._probing = threading.Lock()

    def spec(self, *argv: str, **changes: Any) -> RunSpec:
        self._count += 1
        fields: dict[str, Any] = {
            "name": f"{self._count}-1",
            "argv": argv,
            "env": {"PATH": PATH},
            "work_root": self.work_root,
            "warm": self.warm,
        }
        return RunSpec(**(fields | changes))

    def run(
        self,
        *argv: str,
        control: RunControl | None = None,
        on_output: Listener | None = None,
        log_dir: Path | None = None,
        **changes: Any,
    ) -> RunResult:
        spec = self.spec(*argv, **changes)
        if spec.warm is not None and self.waits and self.warden.pid is not None and spec.work_root.is_dir():
            self.await_server(spec)
        return run(
            spec,
            warden=self.warden,
            log_dir=log_dir or self.log_dir(spec.name),
            control=control or RunControl(),
            on_output=on_output,
        )

    def forget_servers(self) -> None:
        """One was killed: wait anew."""
        self._warmed.clear()

    def await_server(self, spec: RunSpec) -> None:
        """Until runs of this kind start warm."""
        probe = replace(spec, name="probe", argv=("/bin/true",), stdin=b"", artifacts_dir=None, timeout_s=None)
        # Not with the control of the run itself: what stops that one must not stop this one.

        def is_warm() -> bool:
            with self._probing:
                return run(probe, warden=self.warden, log_dir=self.folder / "probes", control=RunControl()).is_warm

        kind = (
            self.warden.pid,
            spec.run_as,
            spec.warm.argv if spec.warm else (),
            *(spec.warm.env.items() if spec.warm else ()),
        )
        if kind not in self._warmed:
            wait_for(is_warm, what="a warm server")
            self._warmed.add(kind)

    def sh(self, script: str, **changes: Any) -> RunResult:
        return self.run("/bin/sh", "-c", script, **changes)

    def log_dir(self, name: str | None = None) -> Path:
        return self.folder / "logs" / (name or f"{self._count}-1")

    def log(self, stream: Stream = Stream.STDOUT) -> bytes:
        """Of the run that was started last."""
        return b"".join(LogReader(self.log_dir()).everything(stream))


#: Other users too must be able to execute it.
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable


def warm_server(*modules: str, python: str = PYTHON, lib: Path = Path("/nowhere"), idle_s: float = 300) -> WarmServer:
    """One of that interpreter, for the Python wrapper of the core pack."""
    files = (str(RUNTIMES / "servers/python.py"), str(idle_s), str(RUNTIMES / "wrappers/python.py"))
    argv = (python, *files, str(lib), *modules)
    return WarmServer(argv=argv, env={"PATH": PATH})


def read_pids(path: Path, count: int) -> list[int]:
    """Pids that processes write into a file, one a line, once there are `count` of them."""
    wait_for(lambda: path.exists() and len(path.read_text().split()) >= count, what=str(path))
    return [int(pid) for pid in path.read_text().split()]


def open_descriptors(pid: int | None = None) -> int:
    return len(os.listdir(f"/proc/{pid or 'self'}/fd"))  # noqa: PTH208
