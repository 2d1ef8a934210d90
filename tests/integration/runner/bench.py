"""A place to run things in: short ways to say what is run, and to wait for what should come true."""

import os
from pathlib import Path
from typing import Any

from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.outcome import RunResult
from apps.runner.output import Listener
from apps.runner.process import run
from apps.runner.spec import RunSpec
from apps.runner.warden_client import Warden
from tests.waiting import wait_for

PATH = "/usr/local/bin:/usr/bin:/bin"
#: generous: it only ends tests that have failed
PATIENCE_S = 60.0


class Bench:
    """One warden, one folder, runs numbered as they come."""

    def __init__(self, *, warden: Warden, folder: Path) -> None:
        self.warden = warden
        self.folder = folder
        self.work_root = folder / "work"
        self.work_root.mkdir()
        self._count = 0

    def spec(self, *argv: str, **changes: Any) -> RunSpec:
        self._count += 1
        fields: dict[str, Any] = {
            "name": f"{self._count}-1",
            "argv": argv,
            "env": {"PATH": PATH},
            "work_root": self.work_root,
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
        return run(
            spec,
            warden=self.warden,
            log_dir=log_dir or self.log_dir(spec.name),
            control=control or RunControl(),
            on_output=on_output,
        )

    def sh(self, script: str, **changes: Any) -> RunResult:
        return self.run("/bin/sh", "-c", script, **changes)

    def log_dir(self, name: str | None = None) -> Path:
        return self.folder / "logs" / (name or f"{self._count}-1")

    def log(self, stream: Stream = Stream.STDOUT) -> bytes:
        """Of the run that was started last."""
        return b"".join(LogReader(self.log_dir()).everything(stream))


def read_pids(path: Path, count: int) -> list[int]:
    """Pids that processes write into a file, one a line, once there are `count` of them."""
    wait_for(lambda: path.exists() and len(path.read_text().split()) >= count, what=str(path))
    return [int(pid) for pid in path.read_text().split()]


def open_descriptors(pid: int | None = None) -> int:
    return len(os.listdir(f"/proc/{pid or 'self'}/fd"))  # noqa: PTH208
