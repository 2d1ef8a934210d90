"""Who may read a finished generation."""

import stat
from pathlib import Path

from apps.runtimes.environments.permissions import open_to_all


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everybody_may_read_and_nobody_else_write_whatever_the_umask_was(tmp_path: Path) -> None:
    folder, program, text = tmp_path / "bin", tmp_path / "bin/tool", tmp_path / "bin/text"
    folder.mkdir()
    program.touch()
    text.touch()
    folder.chmod(0o700)
    program.chmod(0o700)
    text.chmod(0o666)
    open_to_all(tmp_path)
    assert (mode(folder), mode(program), mode(text)) == (0o755, 0o755, 0o644)


def test_what_a_link_points_to_is_left_alone(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "env"
    outside.touch()
    outside.chmod(0o600)
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    open_to_all(inside)
    assert mode(outside) == 0o600


def test_the_size_is_that_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    assert 100_000 <= open_to_all(tmp_path) < 200_000
