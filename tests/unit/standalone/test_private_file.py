"""Files that only their owner reads, whole or not at all."""

from pathlib import Path

import pytest

from apps.standalone.private_file import write_private


def test_a_file_is_its_owners_even_if_the_one_before_was_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o644)
    write_private(tmp_path / "file", "new ü\n")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new ü\n"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "file", "new \ud800")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]
