"""One child process: ready, ended, stopped, and nothing left of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.standalone.child import Child, Program
from apps.standalone.errors import StartFailedError
from apps.standalone.processes import ProcessId
from tests.integration.standalone.waiting import wait_until

ROOT = Path(__file__).parents[3]

StartScript = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartScript]:
    """Start a shell script as a child; it is killed at the end of the test."""
    children: list[Child] = []

    def start_script(script: str, **program: object) -> Child:
        settings = {"name": "role", "cwd": tmp_path, "log": tmp_path / "log" / "role.log", **program}
        child = Child.start(Program(argv=("/bin/sh", "-c", script), **settings))  # type: ignore[arg-type]  # free-form
        children.append(child)
        return child

    yield start_script
    for child in children:
        child.kill()


def ended(child: Child, code: int) -> Callable[[], bool]:
    return lambda: child.exit_code() == code


def written(path: Path) -> Callable[[], bool]:
    return lambda: path.exists() and path.read_text().endswith("\n")


def test_what_a_child_prints_is_in_its_log_which_is_private(start: StartScript, tmp_path: Path) -> None:
    child = start("echo out; echo err >&2")
    wait_until(ended(child, 0), what="the script ended")
    log = tmp_path / "log" / "role.log"
    assert log.read_text() == "out\nerr\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_is_continued_by_the_next_start(start: StartScript, tmp_path: Path) -> None:
    for _ in range(2):
        child = start("echo again")
        wait_until(ended(child, 0), what="the script ended")
    assert (tmp_path / "log" / "role.log").read_text() == "again\nagain\n"


def test_a_child_that_ends_before_it_is_ready_is_told_with_the_end_of_its_log(start: StartScript) -> None:
    child = start("echo no such option; exit 3", is_ready=lambda: False)
    with pytest.raises(StartFailedError, match=r"(?s)role ended \(exit code 3\).*no such option"):
        child.wait_until_ready(deadline_s=30)


def test_a_child_that_is_never_ready_is_told_after_the_deadline(start: StartScript) -> None:
    child = start("exec sleep 600", is_ready=lambda: False)
    with pytest.raises(StartFailedError, match="not ready after"):
        child.wait_until_ready(deadline_s=0.1)
    assert child.exit_code() is None


def test_a_polite_stop_is_left_to_the_child(start: StartScript, tmp_path: Path) -> None:
    child = start("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")
    wait_until(written(tmp_path / "log" / "role.log"), what="the trap is set")
    assert child.stop() == 7


def test_a_child_that_ignores_every_signal_is_killed(start: StartScript, tmp_path: Path) -> None:
    child = start(
        "trap '' TERM INT; echo up; while :; do sleep 0.05; done",
        stop_signals=((signal.SIGINT, 0.1), (signal.SIGTERM, 0.1)),
    )
    wait_until(written(tmp_path / "log" / "role.log"), what="the signals are ignored")
    assert child.stop() == -signal.SIGKILL
    assert child.describe_end() == "role ended (killed by SIGKILL)."


def test_what_a_child_left_in_its_group_ends_with_it(start: StartScript, tmp_path: Path) -> None:
    child = start("sleep 600 & echo $!; exit 1")
    wait_until(ended(child, 1), what="the script ended")
    grandchild = int((tmp_path / "log" / "role.log").read_text())
    wait_until(lambda: ProcessId.of(grandchild) is None, what="the grandchild ended")


def test_a_stop_of_an_ended_child_returns_its_exit_code(start: StartScript) -> None:
    child = start("exit 4")
    wait_until(ended(child, 4), what="the script ended")
    assert child.stop() == 4


def test_a_child_starts_with_default_signals_whatever_ours_are(start: StartScript, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        start("grep SigIgn /proc/self/status")
    finally:
        signal.signal(signal.SIGINT, before)
    log = tmp_path / "log" / "role.log"
    wait_until(written(log), what="the child reported its ignored signals")
    assert int(log.read_text().split()[1], 16) == 0


def test_a_child_inherits_no_descriptor(start: StartScript, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        start("echo /proc/self/fd/* && readlink /proc/self/fd/0")
    finally:
        os.close(descriptor)
    log = tmp_path / "log" / "role.log"
    wait_until(lambda: written(log)() and "/dev/null" in log.read_text(), what="the child listed its descriptors")
    assert f"/proc/self/fd/{descriptor} " not in log.read_text()


SCRIPT = """
import sys, time
from pathlib import Path
from apps.standalone.child import Child, Program
child = Child.start(Program(name="role", argv=("/bin/sleep", "600"), cwd=Path("/"), log=Path(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "log")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = ProcessId.of(int(parent.stdout.readline()))
        assert child is not None
        wait_until(lambda: comm(child.pid) == "sleep", what="the child has become its program")
        parent.kill()
    wait_until(lambda: not child.is_alive(), what="the child ended with its parent")


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
