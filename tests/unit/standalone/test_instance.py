"""One supervisor per folder, and how others learn of it."""

import os
from pathlib import Path

import pytest

from apps.standalone import instance


def test_the_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with (
        instance.sole_owner(tmp_path),
        pytest.raises(instance.AlreadyRunningError),
        instance.sole_owner(tmp_path, wait_s=0.05),
    ):
        pass
    with instance.sole_owner(tmp_path):
        pass


def test_an_announcement_says_who_and_where_and_how_far(tmp_path: Path) -> None:
    instance.announce(tmp_path, url="http://127.0.0.1:1", is_ready=False)
    found = instance.find_instance(tmp_path)
    assert found is not None
    assert (found.process.pid, found.url, found.is_ready) == (os.getpid(), "http://127.0.0.1:1", False)
    instance.announce(tmp_path, url="http://127.0.0.1:1", is_ready=True)
    assert (again := instance.find_instance(tmp_path)) is not None
    assert again.is_ready
    instance.withdraw(tmp_path)
    assert instance.find_instance(tmp_path) is None


def test_an_announcement_of_a_process_that_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    text = f'{{"pid": {os.getpid()}, "started": "boot:1", "url": "x", "is_ready": true}}'
    (tmp_path / "supervisor.json").write_text(text)
    assert instance.find_instance(tmp_path) is None


def test_a_damaged_announcement_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "supervisor.json").write_text('{"pid": ')
    assert instance.find_instance(tmp_path) is None
