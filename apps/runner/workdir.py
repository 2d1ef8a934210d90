"""The private folder a run works in: made before it, removed after it, whatever the run left there."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from apps.runner.removal import remove_tree
from apps.runner.spec import RunAs, RunSpec

logger = logging.getLogger(__name__)

INPUT_FILE = "input"

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


@contextlib.contextmanager
def work_dir(spec: RunSpec) -> Iterator[Path]:
    """A fresh folder of the run's user, with the input file if there is one. OSError if it cannot be made."""
    path = spec.work_dir
    path.mkdir(mode=_FOLDER_MODE)
    try:
        _give_to(path, spec.run_as)
        if spec.input_file is not None:
            _write_input(path / INPUT_FILE, spec.input_file, run_as=spec.run_as)
        if spec.artifacts_dir is not None:
            _make(spec.artifacts_dir)
            _give_to(spec.artifacts_dir, spec.run_as)
        yield path
    finally:
        _remove(path)


def _make(folder: Path) -> None:
    """From above, unlike `Path.mkdir`: most often two of its parents are missing."""
    attempt = folder.parent
    try:
        for path in (attempt.parent, attempt):
            with contextlib.suppress(FileExistsError):
                path.mkdir()
        folder.mkdir(_FOLDER_MODE)
    except FileExistsError:
        pass
    except FileNotFoundError:
        folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)


def _remove(path: Path) -> None:
    try:
        remove_tree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("the work directory %s cannot be removed: %s", path, error)


def _write_input(path: Path, content: bytes, *, run_as: RunAs | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
    with open(descriptor, "wb") as file:  # noqa: PTH123  it is a descriptor
        file.write(content)
    _give_to(path, run_as)


def _give_to(path: Path, run_as: RunAs | None) -> None:
    if run_as is not None:
        os.chown(path, run_as.uid, run_as.gid, follow_symlinks=False)
