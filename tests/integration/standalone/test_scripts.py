"""The scripts themselves: what they say when something is missing, and that any shell understands them."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.standalone.conftest import ROOT

SCRIPTS = [*(ROOT / "script").iterdir(), ROOT / ".ci" / "run"]


def run(*command: str, cwd: Path = Path("/"), **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_plain_shell_understands_every_script(script: Path) -> None:
    if script.read_text().startswith("#!/bin/sh"):
        assert run("sh", "-n", str(script)).stderr == ""
        assert os.access(script, os.X_OK)


def test_the_test_command_of_the_readme_is_what_is_run_for_every_change() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[1:] == ["exec script/test"]


def test_without_a_python_it_is_said_which_one_to_install(tmp_path: Path) -> None:
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    answer = run("/bin/sh", str(ROOT / "script" / "up"), PATH=str(tmp_path))
    assert answer.returncode == 1
    assert "needs Python 3.11 or newer" in answer.stderr


def test_a_python_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    for name, code in (("python3", 1), ("python3.12", 0)):
        (tmp_path / name).write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {code}\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    answer = run(str(ROOT / "script" / "python"), "-m", "something", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert answer.stdout.split()[0] == "python3.12"


def test_the_project_is_found_from_any_folder_and_not_the_folders_own(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "__init__.py").write_text("raise SystemExit('the wrong apps')\n")
    answer = run(str(ROOT / "script" / "python"), "-c", "import apps; print(apps.__file__)", cwd=tmp_path)
    assert answer.stdout == f"{ROOT / 'apps' / '__init__.py'}\n"


def test_the_command_line_says_to_start_first(tmp_path: Path) -> None:
    answer = run(str(ROOT / "script" / "attune"), "execution", "list", ATTUNE_VAR_DIR=str(tmp_path))
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "run script/up first" in answer.stderr


def test_the_test_command_explains_itself() -> None:
    answer = run(str(ROOT / "script" / "test"), "--help")
    assert answer.returncode == 0
    assert "no checks" in answer.stdout


def test_down_in_a_fresh_clone_says_that_nothing_runs(tmp_path: Path) -> None:
    answer = run(str(ROOT / "script" / "down"), ATTUNE_VAR_DIR=str(tmp_path / "var"))
    assert (answer.returncode, answer.stdout) == (0, "Attune is not running.\n")
