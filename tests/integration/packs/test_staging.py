import os
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from apps.packs.staging import private_folder

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
