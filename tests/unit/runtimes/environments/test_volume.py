"""The identity of a volume."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from apps.runtimes.environments.volume import volume_id


def test_a_volume_keeps_its_id(tmp_path: Path) -> None:
    assert volume_id(tmp_path) == volume_id(tmp_path)


def test_two_volumes_differ(tmp_path: Path) -> None:
    assert volume_id(tmp_path / "a") != volume_id(tmp_path / "b")


def test_many_who_ask_first_get_one_answer(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(volume_id, [tmp_path / "new"] * 32))) == 1
