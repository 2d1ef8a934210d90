"""Runs the commands of a build through the worker's warden, so that nothing outlives the worker."""

import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from apps.runner import process
from apps.runner.control import RunControl
from apps.runner.outcome import Ended, RunResult
from apps.runner.output import LogChunk
from apps.runner.spec import Limits, RunAs, RunSpec
from apps.runner.warden_client import Warden
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import CommandTimedOut
from apps.workers.disk_guard import DiskGuard


class WardenCommands:
    """A `CommandRunner` that works below `work_root`; `control` stops whichever command runs.

    With a `guard`, a command that fills the disk is stopped before it is full. No file becomes larger than
    `max_file_bytes`.
    """

    def __init__(
        self,
        warden: Warden,
        control: RunControl,
        *,
        work_root: Path,
        run_as: RunAs | None = None,
        guard: DiskGuard | None = None,
        max_file_bytes: int | None = None,
    ) -> None:
        self._warden = warden
        self._control = control
        self._work_root = work_root
        self._run_as = run_as
        self._guard = guard
        self._limits = Limits(file_size_bytes=max_file_bytes)

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float,
        output: Callable[[bytes], None],
    ) -> int:
        def on_output(chunk: LogChunk) -> None:
            output(chunk.data)

        spec = RunSpec(
            name=f"build-{uuid.uuid4().hex}",
            argv=tuple(argv),
            env=env,
            work_root=self._work_root,
            cwd=cwd,
            timeout_s=timeout_s,
            run_as=self._run_as,
            limits=self._limits,
        )
        watching = self._guard.watching(self._control) if self._guard else nullcontext(self._control)
        with watching as control, tempfile.TemporaryDirectory(prefix="build-log-", dir=self._work_root) as log_dir:
            result = process.run(spec, warden=self._warden, log_dir=Path(log_dir), control=control, on_output=on_output)
        return _exit_code(result)


def _exit_code(result: RunResult) -> int:
    if result.ended is Ended.TIMEOUT:
        raise CommandTimedOut
    if result.ended is Ended.SPAWN_FAILED:
        raise OSError(result.errno or 0, result.spawn_error)
    if result.ended in (Ended.STOPPED, Ended.LOST):
        raise BuildFailed("The build was stopped.")
    return -(result.signal or 0) if result.ended is Ended.SIGNALED else result.exit_code or 0
