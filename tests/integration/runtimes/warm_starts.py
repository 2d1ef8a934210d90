"""Python actions through a real warden and its warm servers: the counterpart of `actions.run_python`."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.outcome import RunResult
from apps.runner.process import run
from apps.runner.spec import RunSpec, WarmServer
from apps.runner.warden_client import Warden
from tests.integration.runtimes.actions import NOTHING, WRAPPERS, Action, Outcome
from tests.waiting import wait_for


class WarmStarts:
    """One warden; a server for each interpreter and environment that is asked for."""

    def __init__(self, warden: Warden, folder: Path) -> None:
        self._warden = warden
        self._folder = folder
        self._count = 0
        (folder / "work").mkdir()
        (folder / "idle.py").write_text("")

    @classmethod
    @contextmanager
    def below(cls, folder: Path) -> Iterator["WarmStarts"]:
        warden = Warden(silence_s=3600)
        warden.start()
        try:
            yield cls(warden, folder)
        finally:
            warden.close()

    def run_python(self, action: Action, *arguments: str, python: str) -> Outcome:
        if not serves(python):
            pytest.skip("warm servers need Python 3.8")
        action.write()
        result = wait_for(lambda: self._run_warm(action, *arguments, python=python), what="a warm start")
        return Outcome(
            -(result.signal or 0) if result.exit_code is None else result.exit_code,
            self._log(Stream.STDOUT),
            self._log(Stream.STDERR),
            _json_in(result.result_bytes),
            _json_in(result.error_bytes),
        )

    def _run_warm(self, action: Action, *arguments: str, python: str) -> RunResult | None:
        """None where it started cold: a server is left alone after a second, which a busy machine may take."""
        idle = Action(self._folder, "", env=action.env)
        if not self._run(idle, self._folder / "idle.py", python=python).is_warm:
            return None
        result = self._run(action, action.file, *arguments, python=python)
        return result if result.is_warm else None

    def _run(self, action: Action, file: Path, *arguments: str, python: str) -> RunResult:
        self._count += 1
        base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **action.env}
        wrapper = str(WRAPPERS / "python.py")
        server = (python, str(WRAPPERS.parent / "servers/python.py"), "300", wrapper, "/nowhere")
        spec = RunSpec(
            name=f"{self._count}-1",
            argv=(python, wrapper, str(file), *arguments),
            env={**base, "ATTUNE_PACK_DIR": str(action.pack_dir)},
            work_root=self._folder / "work",
            cwd=action.pack_dir,
            stdin=action.document,
            timeout_s=60,
            warm=WarmServer(argv=server, env=base),
        )
        return run(spec, warden=self._warden, log_dir=self._log_dir, control=RunControl())

    @property
    def _log_dir(self) -> Path:
        return self._folder / "logs" / str(self._count)

    def _log(self, stream: Stream) -> str:
        return b"".join(LogReader(self._log_dir).everything(stream)).decode()


@cache
def serves(python: str) -> bool:
    """Python 3.8 or newer."""
    script = "import sys; sys.exit(sys.version_info < (3, 8))"
    return subprocess.run([python, "-c", script], check=False).returncode == 0


def _json_in(data: bytes | None) -> Any:
    return json.loads(data) if data else NOTHING
