"""TAB: what the shell is told may come next."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from apps.cli.completion import server
from apps.cli.completion.engine import complete
from apps.cli.completion.scripts import SCRIPTS
from apps.cli.main import root
from tests.integration.cli.canned import Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import action, execution

_DEADLINE_S = 60
Press = Callable[[str], list[str]]


@pytest.fixture
def press(attune: Attune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Press:
    """`press("attune exe")` gives the values that TAB would offer."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(server, "_CONNECT_S", _DEADLINE_S)  # who presses has a second, and a busy machine may take it
    monkeypatch.setattr(server, "_ANSWER_S", _DEADLINE_S)
    return lambda line: [found.partition("\t")[0] for found in complete(typer.main.get_command(root), line)]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("attune exe", ["execution"]),
        ("attune execution re", ["result", "rerun"]),
        ("attune execution list --li", ["--limit"]),
        ("attune execution list --status failed,t", ["failed,timeout"]),
        ("attune execution list --status=can", ["--status=canceling", "--status=canceled"]),
        ("attune execution logs 17 --stream ", ["stdout", "stderr"]),
        ("script/attune completion ", ["bash", "zsh", "fish"]),
        ("attune nonsense ", []),
        ("attune action show 'open", []),
    ],
)
def test_fixed_words_need_no_attune(press: Press, canned: Canned, line: str, offered: list[str]) -> None:
    canned.on("GET", "/api/v1/actions", page())
    assert press(line) == offered


def test_refs_and_ids_come_from_attune(press: Press, canned: Canned) -> None:
    canned.on("GET", "/api/v1/actions", page(action("core.echo"), action()))
    canned.on("GET", "/api/v1/executions", page(execution(18), execution(17)))
    assert press("attune run ex") == ["examples.hello"]
    assert press("attune execution list --action ") == ["core.echo", "examples.hello"]
    assert press("attune execution show 1") == ["18", "17"]


def test_parameters_come_from_the_action_that_was_typed(press: Press, canned: Canned) -> None:
    schema = {
        "name": {"type": "string", "required": True},
        "mode": {"enum": ["fast", "safe"]},
        "dry": {"type": "boolean"},
    }
    canned.on("GET", "/api/v1/actions/a.b", action("a.b", parameters=schema))
    assert press("attune run a.b ") == ["name=", "mode=", "dry="]
    assert press("attune run a.b mode=fast ") == ["name=", "dry="]
    assert press("attune run a.b mode=s") == ["mode=safe"]
    assert press("attune run a.b dry=") == ["dry=true", "dry=false"]


def test_the_second_press_asks_nobody(press: Press, canned: Canned) -> None:
    canned.on("GET", "/api/v1/actions", page(action()))
    assert press("attune run ") == press("attune action show ") == ["examples.hello"]
    assert len(canned.asked) == 1


def test_what_was_kept_is_for_its_owner_alone(press: Press, canned: Canned, tmp_path: Path) -> None:
    canned.on("GET", "/api/v1/actions", page(action()))
    press("attune run ")
    folder = tmp_path / "cache" / "attune" / "completion"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600]


def test_another_token_sees_its_own(press: Press, canned: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    canned.on(
        "GET", "/api/v1/packs", page({"ref": "mine", "description": ""}), page({"ref": "yours", "description": ""})
    )
    assert press("attune pack show ") == ["mine"]
    monkeypatch.setenv("ATTUNE_TOKEN", "another")
    assert press("attune pack show ") == ["yours"]


def test_an_attune_that_is_away_is_silent_and_not_asked_again_at_once(
    press: Press, canned: Canned, capfd: pytest.CaptureFixture[str]
) -> None:
    canned.on("GET", "/api/v1/packs", problem(503, "database_away", "away"))
    assert press("attune pack show ") == press("attune pack show ") == []
    assert len(canned.asked) == 1
    assert capfd.readouterr().out == ""


def test_profiles_come_from_the_file(press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.toml").write_text('[profiles.prod]\nurl = "https://a.example"\n[profiles.test]\n')
    monkeypatch.setenv("ATTUNE_CONFIG", str(tmp_path / "c.toml"))
    assert press("attune --profile p") == ["prod"]
    assert press("attune action list --profile ") == ["prod", "test"]


def test_control_characters_do_not_reach_the_terminal(press: Press, canned: Canned) -> None:
    canned.on(
        "GET", "/api/v1/packs", page({"ref": "a", "description": "x\x1b[2J\ty"}, {"ref": "b c", "description": ""})
    )
    assert complete(typer.main.get_command(root), "attune pack show ") == ["a\tx\\x1b[2J y"]


@pytest.mark.parametrize(
    ("typed", "word", "offered"),
    [
        ("attune execution can", "attune", "cancel"),
        ("./attune execution can", "./attune", "cancel"),
        ("attune run a.b mode=sa", "attune", "safe"),  # bash takes `mode=` for a word of its own
        ("attune run a.b mo", "attune", "mode="),
        ("attune run a.b name=@att", "attune", "attune"),  # a file
        ("attune; touch bad", "attune;", ""),
    ],
)
def test_bash_is_taught(canned: Canned, tmp_path: Path, typed: str, word: str, offered: str) -> None:
    canned.on("GET", "/api/v1/actions/a.b", action("a.b", parameters={"mode": {"enum": ["fast", "safe"]}}))
    program = tmp_path / "attune"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m apps.cli "$@"\n')
    program.chmod(0o755)
    script = f'{SCRIPTS["bash"]}\nCOMP_LINE=$1 COMP_POINT=${{#1}}; _attune "$2"; echo "${{COMPREPLY[*]}}"\n'
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "HOME": str(tmp_path),
        "ATTUNE_URL": canned.url,
        "ATTUNE_TOKEN": "a-token",
    }
    bash = shutil.which("bash") or "bash"
    argv = [bash, "-c", script, "bash", typed, word]
    ended = subprocess.run(
        argv, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=_DEADLINE_S, check=False
    )
    assert (ended.stdout.strip(), ended.stderr) == (offered, "")
    assert not (tmp_path / "bad").exists()


def test_no_other_shell_is_known(attune: Attune) -> None:
    ended = attune("completion", "csh")
    assert ended.code == 2
    assert "bash, zsh, fish" in ended.err
