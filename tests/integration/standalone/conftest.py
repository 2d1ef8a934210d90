"""What the tests of real servers share: private folders, and the two ways in which a user may be limited."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


@pytest.fixture
def forbid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a program fail as it does in a container that forbids it."""
    folder = tmp_path / "forbidden"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def forbid_program(name: str) -> None:
        (folder / name).write_text("#!/bin/sh\necho 'Operation not permitted' >&2\nexit 1\n")
        (folder / name).chmod(0o755)

    return forbid_program


@pytest.fixture
def somebody() -> pwd.struct_passwd:
    """An unprivileged user of this machine; us, if we are one."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


@pytest.fixture
def folder_of_somebody(somebody: pwd.struct_passwd) -> Iterator[Path]:
    """A folder of the unprivileged user that every parent folder lets through."""
    folder = Path(tempfile.mkdtemp(prefix="attune-test-"))
    os.chown(folder, somebody.pw_uid, somebody.pw_gid)
    yield folder
    shutil.rmtree(folder)


RunAsSomebody = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_as_somebody(somebody: pwd.struct_passwd, folder_of_somebody: Path) -> RunAsSomebody:
    """Run Python code as the unprivileged user, with the project on its path."""

    def run(code: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-P", "-c", code, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
                **environ,
            },
            cwd=folder_of_somebody,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **_become(somebody),
        )

    python = _python_of(somebody)
    return run


def _python_of(user: pwd.struct_passwd) -> str:
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        trial = [python, "-c", "import sys, apps.standalone; assert sys.version_info >= (3, 11)"]
        try:
            if subprocess.run(trial, cwd=ROOT, capture_output=True, check=False, **_become(user)).returncode == 0:
                return python
        except OSError:  # no such interpreter, or not for this user
            continue
    pytest.skip(f"{user.pw_name} can reach no Python of 3.11 or newer, or not this project")


def _become(user: pwd.struct_passwd) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
