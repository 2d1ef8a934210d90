"""Processes that die without a word are seen to be gone, and those that live are not."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.watcher import Watcher, now_us
from tests.waiting import wait_for


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    watching = Watcher(tmp_path / "notes")
    watching.start()
    yield watching
    watching.stop()


def write(tmp_path: Path, line: str) -> None:
    with (tmp_path / "notes").open("a") as file:
        file.write(line + "\n")


def test_who_dies_without_a_word_is_gone_no_sooner_than_it_was_seen_alive(
    tmp_path: Path, watcher: Watcher, sleeper: "subprocess.Popen[bytes]"
) -> None:
    began = now_us()
    write(tmp_path, f"1 1 {sleeper.pid} start {began}")
    wait_for(lambda: watcher.count("start") == 1, what="the first line")
    sleeper.kill()
    sleeper.wait()
    died = now_us()
    wait_for(lambda: len(watcher.notes) == 2, what="the end to be seen")
    gone = watcher.notes[1]
    assert gone.what == "gone"
    assert began <= gone.at_us <= died


def test_who_lives_is_not_gone(tmp_path: Path, watcher: Watcher, sleeper: "subprocess.Popen[bytes]") -> None:
    write(tmp_path, f"1 1 {sleeper.pid} start {now_us()}")
    wait_for(lambda: watcher.count("start") == 1, what="the first line")
    watcher.stop()
    assert [note.what for note in watcher.notes] == ["start"]


def test_who_was_dead_before_it_was_looked_at_is_gone_at_its_start(
    tmp_path: Path, watcher: Watcher, sleeper: "subprocess.Popen[bytes]"
) -> None:
    sleeper.kill()
    sleeper.wait()
    write(tmp_path, f"1 1 {sleeper.pid} start 17")
    wait_for(lambda: len(watcher.notes) == 2, what="the end to be seen")
    assert (watcher.notes[1].what, watcher.notes[1].at_us) == ("gone", 17)


def test_who_said_that_it_ended_is_not_looked_at(tmp_path: Path, watcher: Watcher) -> None:
    write(tmp_path, "1 1 4194304 start 17\n1 1 4194304 end 18")
    wait_for(lambda: watcher.count("end") == 1, what="both lines")
    watcher.stop()
    assert [note.what for note in watcher.notes] == ["start", "end"]
