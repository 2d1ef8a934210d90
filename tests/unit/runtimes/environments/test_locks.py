"""Locks between processes, on real files."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from apps.runtimes.environments import metadata
from apps.runtimes.environments.errors import BuildTimedOut, EnvironmentGone
from apps.runtimes.environments.locks import exclusive, hold, unheld


@pytest.fixture
def generation(tmp_path: Path) -> Path:
    (tmp_path / metadata.FILE_NAME).write_text("{}")
    return tmp_path


def _hold_lock(path: Path, ready: Connection) -> None:
    with exclusive(path, timeout_s=5):
        ready.send("held")
        signal.pause()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[multiprocessing.process.BaseProcess]:
    """Another process that holds `tmp_path/lock`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_hold_lock, args=(tmp_path / "lock", theirs))
    process.start()
    with ours, theirs:
        assert ours.recv() == "held"
        yield process
    process.kill()
    process.join()
    process.close()


def test_a_held_lock_is_waited_for_no_longer_than_told(
    tmp_path: Path, holder: multiprocessing.process.BaseProcess
) -> None:
    waits: list[str] = []
    with (
        pytest.raises(BuildTimedOut),
        exclusive(tmp_path / "lock", timeout_s=0.2, on_wait=lambda: waits.append("x")),
    ):
        pass
    assert waits == ["x"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, holder: multiprocessing.process.BaseProcess) -> None:
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    with exclusive(tmp_path / "lock", timeout_s=10):
        pass


def test_threads_exclude_each_other_too(tmp_path: Path) -> None:
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with exclusive(tmp_path / "lock", timeout_s=30):
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_many_may_hold_a_generation(generation: Path) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(hold(generation))
        with unheld(generation) as is_free:
            assert not is_free
    with unheld(generation) as is_free:
        assert is_free


def test_a_generation_that_is_being_removed_cannot_be_held(generation: Path) -> None:
    with unheld(generation), pytest.raises(EnvironmentGone), hold(generation):
        pass


def test_a_generation_that_is_gone_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentGone), hold(tmp_path / "gone"):
        pass


def test_what_has_no_metadata_is_held_by_nobody(tmp_path: Path) -> None:
    with unheld(tmp_path) as is_free:
        assert is_free


def test_no_descriptor_is_left_open(generation: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with hold(generation), unheld(generation):
            pass
        with exclusive(generation / "lock", timeout_s=1):
            pass
    # Not "==": what earlier tests left to the garbage collector may go meanwhile.
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
