"""Packs as another user than the worker (`ATTUNE_RUN_AS`), where the worker is root."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.attune import Attune
from tests.acceptance.conftest import PACKS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Attune]:
    var = tmp_path / "var"
    var.mkdir()
    for folder in (var, tmp_path, *tmp_path.parents[:-2]):  # pytest makes its folders 0700
        folder.chmod(0o711)
    settings = {"ATTUNE_RUN_AS": "default=nobody", "ATTUNE_WORKER_RUNTIMES": "shell", "ATTUNE_DRAIN_S": "1"}
    running = Attune(var, settings)
    running.up()
    yield running
    running.down()


def test_an_action_has_its_own_user_and_sees_nothing_of_the_workers(apart: Attune) -> None:
    installed = apart.cli("pack", "install", str(PACKS / "spy"))
    assert installed.returncode == 0, installed.stderr
    first = apart.run("spy.look", {"token": "swordfish"})
    assert first["status"] == "succeeded", first
    logs = apart.var_dir / "artifacts" / "executions" / "0" / str(first["id"]) / "1"
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
    (worker,) = apart.client.get("/workers").json()["results"]
    assert (worker["runs_as"], worker["is_apart"]) == ("nobody", True)
    assert "packs run as another user" in apart.cli("doctor").stdout
    assert list((apart.var_dir / "work").glob("w-*/*")) == []
