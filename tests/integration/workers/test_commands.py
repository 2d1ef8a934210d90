"""Commands of builds through a real warden: what they may not do to their host."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runner.warden_client import Warden
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import CommandTimedOut
from apps.workers.commands import WardenCommands
from apps.workers.disk_guard import DiskFilled, DiskGuard
from tests.small_disk import small_disk
from tests.waiting import wait_for

_MIB = 1024 * 1024
#: Files of a MiB each, a hundred in a second, as somebody's installer could write them.
_FILL = "i=0; while [ $i -lt 500 ]; do head -c 1048576 /dev/zero > big$i; i=$((i+1)); sleep 0.01; done"


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


def run(commands: WardenCommands, script: str, *, cwd: Path, timeout_s: float = 30.0) -> tuple[int, str]:
    said: list[bytes] = []
    env = {"PATH": os.environ["PATH"]}
    code = commands(["/bin/sh", "-c", script], env=env, cwd=cwd, timeout_s=timeout_s, output=said.append)
    return code, b"".join(said).decode()


def test_a_command_that_fills_the_disk_is_stopped_before_it_is_full(warden: Warden, tmp_path: Path) -> None:
    with small_disk(tmp_path / "volume", kib=96 * 1024) as volume:
        commands = WardenCommands(
            warden, RunControl(), work_root=tmp_path, guard=DiskGuard(volume, floor_bytes=48 * _MIB)
        )
        with pytest.raises(DiskFilled, match="less than 48 MiB free"):
            run(commands, _FILL, cwd=volume)
        assert not (volume / "big499").exists()


def test_no_single_file_becomes_larger_than_an_environment_may_be(warden: Warden, tmp_path: Path) -> None:
    commands = WardenCommands(warden, RunControl(), work_root=tmp_path, max_file_bytes=_MIB)
    code, _ = run(commands, "exec head -c 9000000 /dev/zero > big", cwd=tmp_path)
    assert code in (-signal.SIGXFSZ, 1)
    assert (tmp_path / "big").stat().st_size == _MIB


def test_a_command_that_hangs_is_killed_with_what_it_left_in_the_background(warden: Warden, tmp_path: Path) -> None:
    commands = WardenCommands(warden, RunControl(), work_root=tmp_path, guard=DiskGuard(tmp_path, floor_bytes=1))
    file = tmp_path / "child"
    file.touch()
    for timeout_s in (0.3, 3.0, 30.0):  # on a busy machine it may not have come so far at once
        with pytest.raises(CommandTimedOut):
            run(commands, "trap '' HUP; (sleep 600 & echo $! > child); sleep 600", cwd=tmp_path, timeout_s=timeout_s)
        if file.read_text():
            break
    child = int(file.read_text())
    wait_for(lambda: not Path(f"/proc/{child}").exists(), what="the child to be gone")


def test_who_stops_the_build_stops_the_command_that_is_watched(warden: Warden, tmp_path: Path) -> None:
    control = RunControl()
    commands = WardenCommands(warden, control, work_root=tmp_path, guard=DiskGuard(tmp_path, floor_bytes=1))
    timer = Timer(0.1, control.stop, [StopReason.CANCELED])
    timer.start()
    with pytest.raises(BuildFailed, match="stopped"):
        run(commands, "sleep 600", cwd=tmp_path)
    timer.join()
    with pytest.raises(BuildFailed, match="stopped"):
        run(commands, "echo never", cwd=tmp_path)


def test_a_command_that_does_no_harm_ends_as_it_ends(warden: Warden, tmp_path: Path) -> None:
    commands = WardenCommands(warden, RunControl(), work_root=tmp_path, guard=DiskGuard(tmp_path, floor_bytes=1))
    assert run(commands, "echo done; exit 3", cwd=tmp_path) == (3, "done\n")
