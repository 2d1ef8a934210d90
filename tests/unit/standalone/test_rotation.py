"""Logs that stay small while somebody writes to them."""

from pathlib import Path

from apps.standalone.rotation import rotate


def names(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_small_log_stays_and_a_missing_one_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("12345")
    rotate(tmp_path / "log", max_bytes=5)
    rotate(tmp_path / "none", max_bytes=5)
    assert names(tmp_path) == {"log": "12345"}


def test_a_large_log_moves_aside_and_its_writer_goes_on_at_the_start(tmp_path: Path) -> None:
    with (tmp_path / "log").open("a") as writer:
        writer.write("123456")
        writer.flush()
        rotate(tmp_path / "log", max_bytes=5)
        writer.write("next")
    assert names(tmp_path) == {"log": "next", "log.1": "123456"}


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / "log").write_text(f"number {number}")
        rotate(tmp_path / "log", max_bytes=5, copies=2)
    assert names(tmp_path) == {"log": "", "log.1": "number 4", "log.2": "number 3"}


def test_a_private_log_has_private_copies(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("123456")
    (tmp_path / "log").chmod(0o600)
    rotate(tmp_path / "log", max_bytes=5)
    assert (tmp_path / "log.1").stat().st_mode & 0o777 == 0o600
