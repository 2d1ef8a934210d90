"""Writes many ended executions into an Attune of the benchmark's own."""

import subprocess
import sys

from bench.broken import Broken
from bench.floor import ROOT
from bench.private_attune import PrivateAttune


def seed(attune: PrivateAttune, count: int) -> None:
    """Raises `Broken`."""
    command = [sys.executable, str(ROOT / "manage.py"), "seed_executions", "--count", str(count)]
    environment = {**attune.settings, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Broken(f"the executions could not be written:\n{done.stdout}{done.stderr}")
