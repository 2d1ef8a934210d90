"""Whether a worker says that it has no room, and when it takes work again."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.workers.disk import DiskWatch

MIB = 1024 * 1024


@dataclass
class Disk:
    """What the file system says is free."""

    free_mib: int = 1000
    files: int = 100_000
    most_files: int = 1_000_000


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()

    def statvfs(path: object) -> os.statvfs_result:
        blocks = disk.free_mib * MIB // 4096
        return os.statvfs_result((4096, 4096, 10**9, blocks, blocks, disk.most_files, disk.files, disk.files, 0, 255))

    monkeypatch.setattr(os, "statvfs", statvfs)
    return disk


def watching(folder: Path, floor_mib: int = 200) -> Callable[[], str]:
    watch = DiskWatch({"work": folder}, floor_mib=floor_mib)

    def look() -> str:
        watch.look()
        return watch.complaint()

    return look


def test_room_enough_is_no_complaint_and_leaves_nothing_behind(disk: Disk, tmp_path: Path) -> None:
    assert watching(tmp_path)() == ""
    assert list(tmp_path.iterdir()) == []


def test_below_the_floor_it_says_which_disk_and_how_much(disk: Disk, tmp_path: Path) -> None:
    disk.free_mib = 12
    assert watching(tmp_path)() == f"unhealthy: disk: 12 MiB are free in the work folder {tmp_path}, 200 are needed"


def test_work_is_taken_again_when_there_is_clearly_room(disk: Disk, tmp_path: Path) -> None:
    look = watching(tmp_path)
    said = []
    for disk.free_mib in (201, 199, 220, 249, 250, 220):
        said.append(bool(look()))
    assert said == [False, True, True, True, False, False]


def test_no_floor_means_only_that_it_can_write(disk: Disk, tmp_path: Path) -> None:
    disk.free_mib, disk.files = 0, 0
    assert watching(tmp_path, floor_mib=0)() == ""


def test_a_disk_may_be_full_of_files(disk: Disk, tmp_path: Path) -> None:
    disk.files = 3
    assert "3 more files fit" in watching(tmp_path)()


def test_a_file_system_that_counts_no_files_has_room_for_them(disk: Disk, tmp_path: Path) -> None:
    disk.files = disk.most_files = 0
    assert watching(tmp_path)() == ""


def test_a_folder_that_is_gone_cannot_be_written_to(disk: Disk, tmp_path: Path) -> None:
    said = watching(tmp_path / "gone")()
    assert said.startswith("unhealthy: disk: nothing can be written to the work folder")
    assert "No such file" in said


def test_a_disk_that_does_not_answer_is_noticed_by_others(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    watch = DiskWatch({"work": tmp_path}, floor_mib=200, clock=lambda: now[0])
    heard = []

    def statvfs(path: object) -> os.statvfs_result:
        for now[0] in (29.0, 31.0):
            heard.append(watch.complaint())
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "statvfs", statvfs)
    watch.look()
    assert heard == ["", "unhealthy: disk: a disk does not answer"]
    assert "Input/output error" in watch.complaint()
