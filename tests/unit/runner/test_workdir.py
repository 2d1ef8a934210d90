import stat
from pathlib import Path

import pytest

from apps.runner.spec import RunSpec
from apps.runner.workdir import INPUT_FILE, work_dir


def spec(work_root: Path, **changes: object) -> RunSpec:
    return RunSpec(name="7-1", argv=("/bin/true",), env={}, work_root=work_root, **changes)  # type: ignore[arg-type]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_work_dir_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with work_dir(spec(tmp_path, input_file=b"hunter2")) as path:
        assert path == tmp_path / "7-1"
        assert mode(path) == 0o700
        assert mode(path / INPUT_FILE) == 0o600
        assert (path / INPUT_FILE).read_bytes() == b"hunter2"

    assert list(tmp_path.iterdir()) == []


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), work_dir(spec(tmp_path)):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "7-1").mkdir()
    with pytest.raises(FileExistsError), work_dir(spec(tmp_path)):
        pass

    assert (tmp_path / "7-1").exists()


def test_the_folder_for_artifacts_is_made_and_stays(tmp_path: Path) -> None:
    artifacts = tmp_path / "a" / "b"
    with work_dir(spec(tmp_path, artifacts_dir=artifacts)):
        assert mode(artifacts) == 0o700
    with work_dir(spec(tmp_path, artifacts_dir=artifacts)):
        pass

    assert artifacts.is_dir()
