"""Runs the tests of a pack where its environments are, and reports how they went."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from django.conf import settings

from apps.core.errors import AttuneError, Conflict
from apps.core.types import JsonObject
from apps.executions.pack_tests.counting import Counter, Counts
from apps.executions.pack_tests.plan import TestProgram
from apps.runner import process
from apps.runner.control import RunControl
from apps.runner.outcome import Ended, RunResult
from apps.runner.output import Listener, LogChunk
from apps.runner.spec import RunAs, RunSpec
from apps.runner.warden_client import Warden
from apps.runtimes.environments.line_log import LineLog
from apps.runtimes.launch import Launch, bare_launch_of, executable_of
from apps.runtimes.process_environ import environment_of
from apps.runtimes.templates import render
from apps.workers.host import HostedRuntime, RuntimeNotHere


class TestsFailed(Conflict):
    """Tests of the pack failed."""

    code = "tests_failed"
    __test__ = False


class Ground(Protocol):
    """Where tests run: a worker, or the machine of who writes the pack."""

    @property
    def warden(self) -> Warden: ...
    @property
    def work_root(self) -> Path: ...
    @property
    def run_as(self) -> RunAs | None: ...
    def runtime(self, name: str) -> HostedRuntime:
        """Raises `RuntimeNotHere`."""
        ...

    def environment(self, runtime: HostedRuntime, held: ExitStack) -> Path | None:
        """Built if need be; kept as long as `held`. Raises `BuildFailed`."""
        ...


@dataclass(frozen=True)
class _Hosted:
    runtime: HostedRuntime
    env_dir: Path | None


@dataclass(frozen=True)
class TestsOfPack:
    """`output` gets the masked output of the programs, `say` a line before each."""

    folder: Path
    programs: Sequence[TestProgram]
    ground: Ground
    control: RunControl
    say: Callable[[str], None]
    output: Listener
    _hosted: dict[str, _Hosted] = field(default_factory=dict)
    __test__ = False

    def report(self) -> JsonObject:
        """`{passed, failed, skipped, programs: [...]}`: one program after the other, also after one that failed."""
        with ExitStack() as held:
            rows = [self._run(program, held) for program in self.programs]
        total = sum((Counts(row["passed"], row["failed"], row["skipped"]) for row in rows), Counts())
        return {**asdict(total), "programs": rows}

    def _run(self, program: TestProgram, held: ExitStack) -> JsonObject:
        self.say(program.name)
        counter = Counter()
        try:
            hosted = [self._host(name, held) for name in program.runtimes]
            result = self._run_program(program, hosted, counter)
        except (RuntimeNotHere, AttuneError) as error:
            return _row(program, Counts(failed=1), error=error.detail if isinstance(error, AttuneError) else str(error))
        has_passed = result.ended is Ended.EXITED and result.exit_code == 0
        return _row(
            program,
            counter.counts(has_passed=has_passed),
            error="" if has_passed else _why(result),
            duration_s=round(result.duration_s, 3),
        )

    def _host(self, name: str, held: ExitStack) -> _Hosted:
        if name not in self._hosted:
            runtime = self.ground.runtime(name)
            self._hosted[name] = _Hosted(runtime, self.ground.environment(runtime, held))
        return self._hosted[name]

    def _run_program(self, program: TestProgram, hosted: Sequence[_Hosted], counter: Counter) -> RunResult:
        launches = [self._launch(item, program) for item in hosted]
        env = self._environ(launches)
        spec = RunSpec(
            name=f"test-{uuid.uuid4().hex}",
            argv=self._argv(program, hosted, launches, search_path=env["PATH"]),
            env=env,
            work_root=self.ground.work_root,
            cwd=self.folder,
            timeout_s=settings.ATTUNE_BUILD_TIMEOUT_S,
            run_as=self.ground.run_as,
        )
        lines = LineLog(lambda line: counter.line(line.decode("utf-8", "replace")))

        def on_output(chunk: LogChunk) -> None:
            lines.feed(chunk.data)
            self.output(chunk)

        with tempfile.TemporaryDirectory(prefix="test-log-", dir=self.ground.work_root) as log_dir:
            result = process.run(
                spec, warden=self.ground.warden, log_dir=Path(log_dir), control=self.control, on_output=on_output
            )
        lines.flush()
        return result

    def _launch(self, hosted: _Hosted, program: TestProgram) -> Launch:
        return bare_launch_of(
            hosted.runtime.definition,
            installation=hosted.runtime.installation,
            pack_dir=self.folder,
            entry_point=self.folder / program.file,
            env_dir=hosted.env_dir,
        )

    def _environ(self, launches: Sequence[Launch]) -> dict[str, str]:
        """What all its runtimes want; the programs of the first one's environment are found first."""
        both: Mapping[str, str] = {name: text for launch in reversed(launches) for name, text in launch.env.items()}
        path = tuple(folder for launch in launches for folder in launch.path)
        together = Launch(argv=(), env=both, path=path)
        own = environment_of({}, launch=together, environ=os.environ, pass_env=settings.ATTUNE_PASS_ENV, secrets=())
        return {**own, "ATTUNE_PACK_DIR": str(self.folder)}

    def _argv(
        self, program: TestProgram, hosted: Sequence[_Hosted], launches: Sequence[Launch], *, search_path: str
    ) -> tuple[str, ...]:
        if program.file:
            return launches[0].argv
        if program.suite:
            return tuple(render(word, self._values(hosted[0])) for word in program.suite)
        first, *others = program.command
        found = str(self.folder / first) if "/" in first else shutil.which(first, path=search_path)
        if found is None:
            raise Conflict(f"there is no program {first} in the pack's environment or on this host")
        return (found, *others)

    def _values(self, hosted: _Hosted) -> dict[str, str]:
        executable = executable_of(
            hosted.runtime.definition, installation=hosted.runtime.installation, env_dir=hosted.env_dir
        )
        return {
            "interpreter": str(executable),
            "version": hosted.runtime.installation.version,
            "pack_dir": str(self.folder),
            "env_dir": str(hosted.env_dir or ""),
        }


def failure_of(ref: str, report: JsonObject) -> TestsFailed | None:
    """With the report; None where all went well."""
    if not report["failed"]:
        return None
    total = report["passed"] + report["failed"]
    return TestsFailed(f"{report['failed']} of {total} tests of {ref} failed.", report=report)


def _row(program: TestProgram, counts: Counts, *, error: str, duration_s: float = 0.0) -> JsonObject:
    return {"name": program.name, **asdict(counts), "duration_s": duration_s, "error": error}


def _why(result: RunResult) -> str:
    match result.ended:
        case Ended.EXITED:
            return f"exit code {result.exit_code}"
        case Ended.TIMEOUT:
            return "it took longer than a build may"
        case Ended.SPAWN_FAILED:
            return result.spawn_error or "it could not be started"
        case Ended.STOPPED:
            return "it was stopped"
        case Ended.LOST:
            return "its process was lost"
    return f"signal {result.signal}"
