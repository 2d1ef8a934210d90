"""Programs forked from a process that has imported for them: what a program is that was started by itself."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from apps.standalone.child import Child, Program
from apps.standalone.preloaded import Preloaded
from apps.standalone.processes import ProcessId, processes_with
from apps.standalone.records import Records
from apps.standalone.report import Report
from apps.standalone.stop_requests import StopRequests
from apps.standalone.supervisor import Supervisor
from tests.integration.standalone.waiting import wait_until

ROOT = Path(__file__).parents[3]

#: Imported by the one process; whoever runs it by itself has imported it too, so it says where.
SHARED = "import os\nhere = os.getpid()\n"

#: Says all that may differ between two ways of starting it.
TELLING = """
import json, os, resource, signal, sys
import shared
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
print(json.dumps({
    "argv": sys.argv, "main": __name__, "environ": sorted(os.environ.items()), "cwd": os.getcwd(),
    "umask": status["Umask"], "ignored": status["SigIgn"], "caught": status["SigCgt"], "blocked": status["SigBlk"],
    "leads": [os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()], "parent": os.getppid(),
    "fds": {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")},
    "words": open("/proc/self/cmdline", "rb").read().rstrip(b"\\0").decode().split("\\0"),
    "comm": open("/proc/self/comm").read(), "flags": sys.stdout.write_through,
    "imported_by_itself": shared.here == os.getpid(),
}))
sys.exit(7)
"""  # noqa: E501  a program


class Stage:
    """A folder with programs, and one process that imports for them."""

    def __init__(self, folder: Path, preloaded: Preloaded, environment: dict[str, str]) -> None:
        self.folder = folder
        self.preloaded = preloaded
        self.environment = environment

    def program(self, script: str, *words: str, name: str = "role") -> Program:
        path = self.folder / f"{name}.py"
        path.write_text(script)
        argv = (sys.executable, str(path), *words)
        return Program(name=name, argv=argv, cwd=self.folder, log=self.folder / f"{name}.log", env=self.environment)

    def said(self, name: str = "role") -> str:
        return (self.folder / f"{name}.log").read_text()


@contextmanager
def preloaded_in(folder: Path, shared: str = SHARED) -> Iterator[Stage]:
    (folder / "shared.py").write_text(shared)
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "PYTHONUNBUFFERED": "1"}
    with (
        StopRequests() as requests,
        Preloaded("shared", environment=environment, cwd=folder, log=folder / "preloaded.log") as preloaded,
    ):
        preloaded.wait(requests)
        yield Stage(folder, preloaded, environment)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with preloaded_in(tmp_path) as stage:
        yield stage


def exit_code(child: Child) -> int:
    wait_until(lambda: child.exit_code() is not None, what="the program ended")
    code = child.exit_code()
    assert code is not None
    return code


def test_a_fork_is_what_its_command_line_would_have_been(stage: Stage) -> None:
    told = []
    for by in (None, stage.preloaded.start):
        program = stage.program(TELLING, "one", "two words")
        assert exit_code(Child.start(program, by=by)) == 7
        told.append(json.loads(stage.said().splitlines()[-1]))
    spawned, forked = told
    assert (spawned.pop("imported_by_itself"), forked.pop("imported_by_itself")) == (True, False)
    assert forked == spawned
    assert forked["parent"] == os.getpid()


def test_a_module_is_run_as_by_the_interpreter(stage: Stage) -> None:
    (stage.folder / "telling.py").write_text(TELLING)
    argv = (sys.executable, "-m", "telling", "one")
    program = Program(
        name="role", argv=argv, cwd=stage.folder, log=stage.folder / "role.log", env=stage.environment
    )  # fmt: skip
    for by in (None, stage.preloaded.start):
        assert exit_code(Child.start(program, by=by)) == 7
    spawned, forked = (json.loads(line) for line in stage.said().splitlines())
    assert not forked["imported_by_itself"]
    assert forked["argv"] == spawned["argv"] == [str(stage.folder / "telling.py"), "one"]
    assert forked["words"] == spawned["words"]


def test_an_error_is_in_the_forks_own_log_and_exit_code(stage: Stage) -> None:
    child = Child.start(stage.program("raise ValueError('too bad')"), by=stage.preloaded.start)
    assert exit_code(child) == 1
    assert "ValueError: too bad" in stage.said()
    assert stage.said("preloaded") == ""


def test_forks_go_on_when_the_process_they_came_from_is_killed_or_closed(stage: Stage) -> None:
    child = Child.start(stage.program("import time; time.sleep(600)"), by=stage.preloaded.start)
    stage.preloaded.close()
    assert child.exit_code() is None
    assert child.stop() == -signal.SIGTERM


def test_forks_draw_random_numbers_of_their_own(stage: Stage) -> None:
    script = "import random, uuid; print(random.random(), uuid.uuid4())"
    for name in ("first", "second"):
        assert exit_code(Child.start(stage.program(script, name=name), by=stage.preloaded.start)) == 0
    assert set(stage.said("first").split()).isdisjoint(stage.said("second").split())


#: Counts a text in its own memory; its command line holds that in another writing.
SEARCHING = """
import shared, sys
from pathlib import Path
wanted = bytes(byte ^ 1 for byte in bytes.fromhex(sys.argv[1]))
found = 0
with open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, *_ = line.split()
        if rights.startswith("rw"):
            first, last = (int(number, 16) for number in span.split("-"))
            memory.seek(first)
            found += memory.read(last - first).count(wanted)
print(found)
"""


def test_a_variable_of_one_fork_is_not_in_the_memory_of_the_next(stage: Stage) -> None:
    secret = "canary-9-xyzzy-long-one"
    for environment in ({}, {"SECRET": secret}):
        first = replace(stage.program("import shared"), env={**stage.environment, **environment})
        assert exit_code(Child.start(first, by=stage.preloaded.start)) == 0
        program = stage.program(SEARCHING, bytes(byte ^ 1 for byte in secret.encode()).hex(), name="searching")
        assert exit_code(Child.start(program, by=stage.preloaded.start)) == 0
    before, after = stage.said("searching").split()
    assert after == before  # it finds what it looks for


@pytest.mark.parametrize("size", [3000, 100_000])
def test_variables_come_whole_whatever_their_size(stage: Stage, size: int) -> None:
    program = stage.program("import os; print(os.environ['MORE'])")
    child = Child.start(replace(program, env={**stage.environment, "MORE": "x" * size}), by=stage.preloaded.start)
    assert (exit_code(child), stage.said()) == (0, "x" * size + "\n")


@pytest.mark.parametrize(
    ("shared", "reason"),
    [
        ("raise ImportError('not here')", "ImportError: not here"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()", "a thread"),
        ("import socket\nkept = socket.socket()", "a connection"),
    ],
)
def test_what_cannot_be_forked_is_started_by_its_command_line(tmp_path: Path, shared: str, reason: str) -> None:
    with preloaded_in(tmp_path, shared) as stage:
        assert exit_code(Child.start(stage.program("print('ran')"), by=stage.preloaded.start)) == 0
        assert (stage.said(), reason in stage.said("preloaded")) == ("ran\n", True)


def test_a_process_that_was_killed_meanwhile_forks_nothing_and_everything_starts(stage: Stage) -> None:
    os.kill(stage.preloaded.pid, signal.SIGKILL)
    assert exit_code(Child.start(stage.program("print('ran')"), by=stage.preloaded.start)) == 0
    assert stage.said() == "ran\n"


def test_a_process_that_does_not_answer_forks_nothing_that_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.standalone.preloaded.ANSWER_TIMEOUT_S", 0.2)
    os.kill(stage.preloaded.pid, signal.SIGSTOP)
    child = Child.start(stage.program("print('ran')"), by=stage.preloaded.start)
    os.kill(stage.preloaded.pid, signal.SIGCONT)  # now it forks, but nobody says GO
    assert exit_code(child) == 0
    stage.preloaded.close()
    wait_until(lambda: not processes_with("PYTHONPATH", stage.environment["PYTHONPATH"]), what="nothing is left")
    assert stage.said() == "ran\n"


SUPERVISOR = """
import sys
sys.path[:0] = sys.argv[1:2]
from pathlib import Path
from tests.integration.standalone.test_preloaded import Child, preloaded_in
import time
with preloaded_in(Path(sys.argv[2])) as stage:
    print(Child.start(stage.program("import time; time.sleep(600)"), by=stage.preloaded.start).pid, flush=True)
    time.sleep(600)
"""


def test_a_fork_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(ROOT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        child = ProcessId.of(int(supervisor.stdout.readline()))
        assert child is not None
        supervisor.kill()
    wait_until(lambda: not child.is_alive(), what="the fork ended with its supervisor")


def test_a_supervisor_starts_a_fork_that_was_killed_again_by_its_command_line(stage: Stage, tmp_path: Path) -> None:
    report, records = Report(io.StringIO(), log=tmp_path / "supervisor.log"), Records(tmp_path / "run")
    script = "import os, shared, time; print(shared.here == os.getpid(), flush=True); time.sleep(600)"

    def kill_then_stop() -> None:
        wait_until(lambda: stage.said() == "False\n", what="the fork runs")
        os.kill(records.all()[0].process.pid, signal.SIGKILL)
        wait_until(lambda: stage.said() == "False\nTrue\n", what="it runs again")
        os.kill(os.getpid(), signal.SIGTERM)

    with StopRequests() as requests, Supervisor(records, report=report, requests=requests) as supervisor:
        supervisor.start([stage.program(script)], deadline_s=30, by=stage.preloaded.start)
        killer = threading.Thread(target=kill_then_stop)
        killer.start()
        supervisor.watch()
        killer.join()
