"""PostgreSQL data with all tables, made once for the whole suite and copied for each Attune that is started: to make
the data and to migrate takes more of a processor than to start all roles."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from apps.standalone.postgres import UNSAFE_SETTINGS, EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]


def copy_data(to: Path) -> None:
    """Data at `to`, which does not exist yet, as an earlier start of Attune would have left them before `prepare`."""
    folder = Path(os.environ["ATTUNE_TEST_DIR"]) / "template"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "postgres").exists():
            _make(folder)
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", folder / "postgres", to], check=True)


def _make(folder: Path) -> None:
    unfinished = folder / "unfinished"
    with EmbeddedPostgres(unfinished, folder / "sockets", settings=UNSAFE_SETTINGS) as server:
        subprocess.run(
            [sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0", "--no-input"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": server.url},
            check=True,
        )
    with (unfinished / "postgresql.conf").open("a") as conf:  # the machine does not go down under a test
        conf.writelines(f"{name} = {value}\n" for name, value in UNSAFE_SETTINGS.items())
    unfinished.rename(folder / "postgres")
