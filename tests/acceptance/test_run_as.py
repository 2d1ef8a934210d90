"""Packs as another user than the worker (`ATTUNE_RUN_AS`), where the worker is root; the pool has its own worker."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.acceptance.attune import ROOT, Attune
from tests.acceptance.conftest import PACKS
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
NOBODY = pwd.getpwnam("nobody")


def workers(attune: Attune) -> Mapping[str, Any]:
    """Those that run, by their pools."""
    active = attune.client.get("/workers", params={"status": "active"}).json()["results"]
    return {worker["pool"]: worker for worker in active}


@pytest.fixture
def apart(attune: Attune) -> Iterator[Attune]:
    for folder in (attune.var_dir, *attune.var_dir.parents[:-2]):  # pytest makes its folders 0700
        folder.chmod(0o711)
    settings = {"ATTUNE_RUN_AS": "apart=nobody", "ATTUNE_POOL": "apart", "ATTUNE_WORKER_RUNTIMES": "shell"}
    process = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "run_worker"],
        cwd=ROOT,
        env={**attune.environment, **attune.variables, **settings, "PYTHONPATH": str(ROOT)},
        umask=0o077,
    )
    try:
        wait_for(lambda: process.poll() is not None or "apart" in workers(attune), what="the worker", every_s=0.1)
        yield attune
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_an_action_has_its_own_user_and_sees_nothing_of_the_workers(apart: Attune) -> None:
    installed = apart.cli("pack", "install", str(PACKS / "spy"))
    assert installed.returncode == 0, installed.stderr
    first = apart.run("spy.look", {"token": "swordfish"})
    assert first["status"] == "succeeded", first
    (logs,) = (apart.var_dir / "artifacts" / "executions").glob(f"*/{first['id']}/1")
    assert (logs / "stdout.log").is_file()
    own = [str(apart.var_dir / name) for name in ("env", "secrets", "log", "cli.toml", "run", "artifacts", "postgres")]
    closed = [*own, str(logs), str(logs / "stdout.log"), str(logs / "artifacts" / "note.txt"), "/etc/shadow"]
    said = apart.run("spy.look", {"paths": closed})["result"]["stdout"].splitlines()
    assert said[:3] == [
        f"as {NOBODY.pw_uid} {NOBODY.pw_gid} {NOBODY.pw_gid}", f"work {NOBODY.pw_uid} 700", "reopened",
    ]  # fmt: skip
    assert said[3:] == [f"refused {path}" for path in closed]
    note = apart.client.get(f"/executions/{first['id']}/artifacts/1/note.txt")
    assert (note.status_code, note.text) == (200, f"left by {NOBODY.pw_uid}\n")
    assert (workers(apart)["apart"]["runs_as"], workers(apart)["apart"]["is_apart"]) == ("nobody", True)
    doctor = apart.cli("doctor").stdout
    assert "Packs run as root on 1 worker." in doctor
    assert f"{workers(apart)['default']['name']}" in doctor
    assert list((apart.var_dir / "work").glob("w-*/*")) == []
