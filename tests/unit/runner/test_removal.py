import os
from pathlib import Path

import pytest

from apps.runner.removal import remove_tree


def test_a_folder_goes_with_everything_in_it(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "file").write_text("x")
    (top / "c").mkdir()
    os.mkfifo(top / "c" / "fifo")

    remove_tree(top)

    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    top = tmp_path / "top"
    (top / "below").mkdir(parents=True)
    (top / "below" / "link").symlink_to(outside)

    remove_tree(top)

    assert (outside / "precious").exists()


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "top").symlink_to(outside)

    with pytest.raises(OSError, match="top"):
        remove_tree(tmp_path / "top")

    assert outside.exists()


def test_a_folder_may_be_deeper_than_stack_and_descriptors_reach(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    descriptor = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)

    remove_tree(top)

    assert not top.exists()


def test_folders_without_permissions_are_no_obstacle(tmp_path: Path) -> None:
    top = tmp_path / "top"
    closed, read_only = top / "closed", top / "read_only"
    for folder in (closed, read_only):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    closed.chmod(0)
    read_only.chmod(0o500)

    remove_tree(top)

    assert not top.exists()


def test_a_wide_folder_is_no_matter(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for number in range(500):
        (top / str(number) / "x").mkdir(parents=True)

    remove_tree(top)

    assert not top.exists()


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    remove_tree(tmp_path / "top")
    with pytest.raises(FileNotFoundError):
        remove_tree(tmp_path / "top")

    # Not "==": what earlier tests left to the garbage collector may go meanwhile.
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
