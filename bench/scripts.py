"""Runs the scripts of a clone as an operator does, apart from an Attune that somebody may have here."""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.broken import Broken

#: Somebody's own Attune, its servers and folders, are none of ours.
_FOREIGN = ("ATTUNE_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
_KEPT = ("ATTUNE_VENV", "ATTUNE_PYTHON")


@dataclass(frozen=True)
class Scripts:
    """Those of the clone `root`, with `environment` and nothing else."""

    root: Path
    environment: Mapping[str, str]

    def run(self, name: str, *arguments: str) -> float:
        """The seconds it took. In a session of its own: a Ctrl-C is for us, and we stop Attune in order.

        Raises `Broken` with what it said when it failed.
        """
        started = time.perf_counter()
        done = subprocess.run(
            [self.root / "script" / name, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        if done.returncode != 0:
            raise Broken(f"script/{name} failed:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - started


def environment_without_attune() -> dict[str, str]:
    """Ours, but for what leads to somebody's Attune."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(_FOREIGN)}
