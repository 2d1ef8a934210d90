"""What processes take, read from real ones."""

import subprocess
import sys
from pathlib import Path

from bench import processes
from tests.waiting import wait_for

_HOLDS_20_MB = "import sys; kept = bytearray(20_000_000); print(flush=True); sys.stdin.read()"


def test_what_a_process_keeps_is_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS_20_MB], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        assert 20 < processes.megabytes([program.pid]) < 100
        assert processes.megabytes([program.pid, program.pid]) > 40
        program.communicate()


def test_a_process_that_has_ended_takes_nothing() -> None:
    program = subprocess.Popen(["true"])
    program.wait()
    assert processes.megabytes([program.pid]) == 0


def test_a_worker_is_itself_and_what_the_runner_calls_its_own_but_not_the_actions(tmp_path: Path) -> None:
    supervisor = tmp_path / "attune-run"
    supervisor.write_text("#!/bin/sh\ncat\n")
    supervisor.chmod(0o755)
    code = f"import subprocess; subprocess.run([{str(supervisor)!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as worker:
        wait_for(lambda: len(processes.tree(worker.pid)) == 3, what="cat below the supervisor")
        tree = processes.tree(worker.pid)
        assert tree[0] == worker.pid
        wait_for(lambda: len(processes.without_actions(tree)) == 2, what="cat to be cat")
        worker.communicate()


def test_where_nothing_runs_there_are_no_programs(tmp_path: Path) -> None:
    assert processes.by_program(tmp_path) == {}
