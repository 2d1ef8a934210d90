"""A file system of a few hundred KiB, to be filled to the brim."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, kib: int, files: int = 1000) -> Iterator[Path]:
    """Mounted at `folder`, for so many files and folders; the test is skipped where it may not be."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("there is no mount command")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={kib}k,nr_inodes={files},mode=0755", "attune-test", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, leaving_kib: int = 0) -> Path:
    """The file that takes all room but so much."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(0, path.stat().st_size - leaving_kib * 1024))
    return path


def fill_with_files(folder: Path) -> None:
    """Until not even a folder fits."""
    below = folder / "many"
    below.mkdir()
    with suppress(OSError):
        for number in count():
            (below / str(number)).touch()
