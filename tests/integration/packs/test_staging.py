import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import LazySettings, settings

from apps.packs.staging import PacksReadOnly, private_folder

_HOLD = """
import sys
from django.conf import settings
settings.configure(ATTUNE_PACKS_DIR=sys.argv[1])
from apps.packs.staging import private_folder
with private_folder() as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def staged() -> list[Path]:
    return list((Path(settings.ATTUNE_PACKS_DIR) / ".staging").iterdir())


def test_what_a_killed_installation_left_is_gone_with_the_next_and_what_lives_stays() -> None:
    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", _HOLD, str(settings.ATTUNE_PACKS_DIR)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with start() as killed, start() as living:
        assert killed.stdout is not None
        assert living.stdout is not None
        left, kept = Path(killed.stdout.readline().strip()), Path(living.stdout.readline().strip())
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        assert left.is_dir()
        with private_folder() as own:
            assert (left.exists(), kept.is_dir(), own.is_dir()) == (False, True, True)
        living.communicate("")
    assert staged() == []


@contextmanager
def somebody() -> Iterator[None]:
    """Modes of files mean nothing to root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_folder_that_cannot_be_written_is_said_to_be_so(tmp_path: Path, settings: LazySettings) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path
    tmp_path.chmod(0o555)
    told = f"The folder of packs cannot be written on this host ({tmp_path}: "
    with somebody(), pytest.raises(PacksReadOnly) as refused, private_folder():
        pass
    assert refused.value.detail.startswith(told)
