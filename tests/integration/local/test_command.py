"""The commands as processes: no server, no database, no Redis."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.cli.packs.creating import write_pack as write_template
from tests.factories import write_pack

_DEADLINE_S = 60

Attune = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environ(tmp_path: Path, envs_dir: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    return {**kept, **nowhere, "HOME": str(tmp_path), "ATTUNE_LOCAL_DIR": str(tmp_path / "cache")}


@pytest.fixture
def attune(environ: dict[str, str]) -> Attune:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "apps.cli", *words]
        return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)

    return call


def test_errors_are_told_with_the_folder_as_it_was_typed(attune: Attune, tmp_path: Path) -> None:
    files = {"actions/deploy.yaml": "name: deploy\nentry_point: gone.sh\n"}
    folder = write_pack(tmp_path / "acme", files=files)
    ended = attune("pack", "validate", str(folder))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"{folder}/actions/deploy.yaml:2: actions/gone.sh is not in the pack" in ended.stderr
    (folder / "actions" / "gone.sh").write_text("echo\n")
    ended = attune("pack", "validate", str(folder), "--json")
    assert (ended.returncode, json.loads(ended.stdout)["content"]) == (0, {"actions": 1})


def test_an_action_runs_with_its_log_on_stderr_and_its_result_on_stdout(attune: Attune, tmp_path: Path) -> None:
    write_template("acme", tmp_path / "acme", runtime="shell")
    ended = attune("action", "run-local", str(tmp_path / "acme" / "actions" / "hello.sh"), "Ada")
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"greeting": "Hello, Ada!"})
    assert ended.stderr.startswith("greets Ada\n")
    ended = attune("action", "run-local", str(tmp_path / "acme"), "hello", "nmae=Ada")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "nmae" in ended.stderr


def test_ctrl_c_stops_the_action_and_leaves_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    text = "name: wait\nruntime: shell\nentry_point: wait.sh\n"
    source = 'echo "$$" >&2\nsleep 600\n'
    folder = write_pack(tmp_path / "acme", files={"actions/wait.yaml": text, "actions/wait.sh": source})
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "apps.cli", "action", "run-local", str(folder)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        pid = int(process.stderr.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_DEADLINE_S)
    assert process.returncode == 130
    assert not Path(f"/proc/{pid}").exists()
    assert not list((tmp_path / "cache" / "work").glob("w-*"))
