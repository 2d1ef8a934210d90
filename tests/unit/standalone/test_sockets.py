"""Socket folders: short enough for the kernel, private, the same on every start."""

import os
from pathlib import Path

import pytest

from apps.standalone.errors import StandaloneError
from apps.standalone.sockets import SOCKET_PATH_BYTES, SocketFolder


@pytest.fixture
def long_folder(tmp_path: Path) -> Path:
    return tmp_path / ("x" * SOCKET_PATH_BYTES)


def test_a_short_folder_is_used_as_it_is() -> None:
    assert SocketFolder(Path("/srv/run"), name="a.sock").path == Path("/srv/run")


def test_the_limit_counts_bytes_and_includes_the_name() -> None:
    folder = Path("/" + "ü" * 50)
    assert SocketFolder(folder, name="s" * 5).path == folder
    assert SocketFolder(folder, name="s" * 6).path != folder


def test_a_long_path_gets_a_private_stand_in_that_is_removed_again(long_folder: Path) -> None:
    sockets = SocketFolder(long_folder, name="a.sock")
    sockets.make()
    assert sockets.path.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(sockets.path / "a.sock")) <= SOCKET_PATH_BYTES
    sockets.remove()
    assert not sockets.path.exists()


def test_the_stand_in_is_the_same_on_every_start_and_another_for_another_folder(long_folder: Path) -> None:
    first = SocketFolder(long_folder, name="a.sock").path
    assert SocketFolder(long_folder, name="b.sock").path == first
    assert SocketFolder(long_folder.with_name("y" * 200), name="a.sock").path != first


def test_a_stand_in_is_kept_while_a_socket_is_in_it(long_folder: Path) -> None:
    sockets = SocketFolder(long_folder, name="a.sock")
    sockets.make()
    other = sockets.path / "b.sock"
    other.touch()
    sockets.remove()
    assert other.exists()
    other.unlink()
    sockets.remove()
    assert not sockets.path.exists()


def test_a_comma_in_the_path_needs_a_stand_in_because_it_cannot_stand_in_a_url(tmp_path: Path) -> None:
    assert "," not in str(SocketFolder(tmp_path / "a,b", name="a.sock").path)


def test_a_stand_in_that_somebody_else_prepared_is_refused(long_folder: Path) -> None:
    sockets = SocketFolder(long_folder, name="a.sock")
    sockets.path.mkdir(mode=0o755)
    sockets.path.chmod(0o777)
    try:
        with pytest.raises(StandaloneError, match="not a private folder"):
            sockets.make()
    finally:
        sockets.path.rmdir()


def test_a_link_in_the_place_of_a_stand_in_is_refused(long_folder: Path, tmp_path: Path) -> None:
    sockets = SocketFolder(long_folder, name="a.sock")
    sockets.path.symlink_to(tmp_path)
    try:
        with pytest.raises(StandaloneError, match="not a private folder"):
            sockets.make()
    finally:
        sockets.path.unlink()
