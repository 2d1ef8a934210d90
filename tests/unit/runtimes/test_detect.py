"""Finding interpreters: real programs on a PATH of the test's own."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation, detect
from tests.waiting import is_running, wait_for

CORE = Path(__file__).resolve().parents[3] / "packs/core/runtimes"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, script: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def runtime(**fields: Any) -> RuntimeDefinition:
    body = {"name": "toy", "detect": [["toy", "--version"]], "command": ["{interpreter}"], **fields}
    return RuntimeDefinition.from_json(body)


def search_path(folder: Path) -> str:
    return f"{folder}:/usr/bin:/bin"


def test_the_version_is_the_first_number_of_the_first_line(programs: Path) -> None:
    toy = program(programs, "toy", "echo 'Toy v5.2.15(1)-release (x86)'")
    found = detect(runtime(), search_path=search_path(programs))
    assert found.installations == (Installation("5.2.15", str(toy)),)
    assert found.problems == ()


def test_the_second_line_names_the_interpreter_behind_a_shim(programs: Path) -> None:
    real = program(programs, "real", "exit 0")
    (programs / "link").symlink_to(real)
    program(programs, "toy", f"echo 1.2; echo '{programs}/link'")
    found = detect(runtime(), search_path=search_path(programs))
    assert found.installations == (Installation("1.2", str(real)),)


def test_two_names_of_one_interpreter_are_one_installation(programs: Path) -> None:
    toy = program(programs, "toy", "echo 1.2")
    (programs / "toy1").symlink_to(toy)
    found = detect(runtime(detect=[["toy"], ["toy1"]]), search_path=search_path(programs))
    assert len(found.installations) == 1


def test_the_order_of_detect_is_that_of_preference(programs: Path) -> None:
    program(programs, "toy9", "echo 9.0")
    program(programs, "toy10", "echo 10.0")
    found = detect(runtime(detect=[["toy9"], ["toy10"]]), search_path=search_path(programs))
    assert [item.version for item in found.installations] == ["9.0", "10.0"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo broken >&2; exit 3", "failed with exit code 3: broken"),
        ("exit 0", "told no version"),
        ("echo 'no digits'", "told no version"),
        ("echo 1.0; echo /nowhere/toy", "cannot be executed"),
    ],
)
def test_a_program_that_does_not_answer_well_is_not_there_and_the_reason_is_kept(
    programs: Path, script: str, reason: str
) -> None:
    program(programs, "toy", script)
    found = detect(runtime(), search_path=search_path(programs))
    assert found.installations == ()
    assert reason in found.reason


def test_a_program_that_is_missing_is_told_by_name(programs: Path) -> None:
    assert detect(runtime(), search_path=search_path(programs)).reason == "toy is not on PATH"


def test_a_program_that_cannot_be_started_is_told(programs: Path) -> None:
    file = program(programs, "toy", "")
    file.write_text("#!/nowhere/interpreter\n")
    assert "cannot be started" in detect(runtime(), search_path=search_path(programs)).reason


def test_an_interpreter_that_fails_its_validation_is_not_there(programs: Path) -> None:
    program(programs, "toy", 'if [ "$1" = --version ]; then echo 1.0; else echo "too old" >&2; exit 1; fi')
    definition = runtime(validate=["{interpreter}", "check", "{version}"])
    found = detect(definition, search_path=search_path(programs))
    assert found.installations == ()
    assert "too old" in found.reason


def test_a_program_that_hangs_is_killed_with_its_children(programs: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program(programs, "toy", f"sleep 600 & echo $! > {pids}; wait")
    for seconds in (1, 10, 50):  # on a busy machine it may not have come so far in a second
        found = detect(runtime(), search_path=search_path(programs), timeout_s=seconds)
        if pids.exists() and pids.read_text():
            break
    assert f"did not answer within {seconds} s" in found.reason
    child = int(pids.read_text())
    wait_for(lambda: not is_running(child), what="the child's end")


def test_the_commands_see_nothing_of_the_workers_environment(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    program(programs, "toy", 'test -z "$DATABASE_URL" && echo 1.0')
    assert detect(runtime(), search_path=search_path(programs)).installations


def test_python_is_found_as_the_base_interpreter_even_from_a_virtual_environment(programs: Path) -> None:
    (programs / "python3").symlink_to(sys.executable)
    definition = RuntimeDefinition.from_json(yaml.safe_load((CORE / "python.yaml").read_text()))
    first = detect(definition, search_path=str(programs)).installations[0]
    guessed = getattr(sys, "_base_executable", sys.executable)
    base = os.path.realpath(guessed if Path(guessed).exists() else sys.executable)
    assert first == Installation(".".join(map(str, sys.version_info[:3])), base)


def test_a_base_interpreter_that_python_only_guessed_is_not_taken(programs: Path) -> None:
    guess = "import sys; sys._base_executable = '/nowhere/python'; exec(sys.argv[1])"
    program(programs, "python3", f'exec "{sys.executable}" -c "{guess}" "$2"')
    definition = RuntimeDefinition.from_json(yaml.safe_load((CORE / "python.yaml").read_text()))
    first = detect(definition, search_path=str(programs)).installations[0]
    assert first.interpreter == os.path.realpath(sys.executable)


def test_bash_is_found() -> None:
    definition = RuntimeDefinition.from_json(yaml.safe_load((CORE / "shell.yaml").read_text()))
    (first,) = detect(definition, search_path="/usr/bin:/bin").installations
    assert first.interpreter.endswith("/bash")
