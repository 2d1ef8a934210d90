"""Identities of processes, proven on real ones."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.standalone.processes import ProcessId, processes_in
from tests.integration.standalone.waiting import wait_until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def identity(process: subprocess.Popen[bytes]) -> ProcessId:
    found = ProcessId.of(process.pid)
    assert found is not None
    return found


def test_a_running_process_is_alive_and_the_same_when_looked_up_again(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert identity(sleeper).is_alive()
    assert identity(sleeper) == identity(sleeper)


def test_an_ended_process_is_not_alive_even_before_it_is_reaped(sleeper: subprocess.Popen[bytes]) -> None:
    process = identity(sleeper)
    assert process.send(signal.SIGKILL)
    wait_until(lambda: not process.is_alive(), what="the killed process is not alive")
    assert ProcessId.of(sleeper.pid) is None
    assert not process.send(signal.SIGKILL)


def test_a_process_that_got_a_recycled_number_is_never_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    predecessor = ProcessId(sleeper.pid, started="another boot:1")
    assert not predecessor.is_alive()
    assert not predecessor.send(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_name_with_parentheses_and_spaces_is_read_right(tmp_path: Path) -> None:
    program = tmp_path / "a ) R 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as process:
        assert identity(process).is_alive()
        process.kill()


def test_processes_are_found_by_folder_and_name(tmp_path: Path) -> None:
    with (
        subprocess.Popen(["sleep", "600"], cwd=tmp_path) as inside,
        subprocess.Popen(["sleep", "600"], cwd="/") as outside,
    ):
        try:
            wait_until(
                lambda: processes_in(tmp_path, name="sleep") == [inside.pid],
                what="only the one inside is found",
            )
            assert processes_in(tmp_path, name="postgres") == []
        finally:
            inside.kill()
            outside.kill()


def test_a_number_that_nobody_has_is_nobody() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert ProcessId.of(process.pid) is None
    assert ProcessId.of(os.getpid()) is not None
