"""The contract of a shell action, through the wrapper, with a real bash."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from apps.runtimes.assignments import shell_assignments
from tests.integration.runtimes.actions import NOTHING, WRAPPERS, Action, Outcome, run_shell


def run(pack_dir: Path, source: str, **fields: object) -> Outcome:
    return run_shell(Action(pack_dir, source, name="act.sh", **fields))  # type: ignore[arg-type]  # fields of Action


def test_parameters_are_variables_of_their_own_name(pack_dir: Path) -> None:
    outcome = run(
        pack_dir,
        'echo "$name|$count|$flag|$items|$nothing"',
        parameters={
            "name": "a 'b' $(id)",
            "count": 3,
            "flag": True,
            "items": [1, {"k": "v"}],
            "nothing": None,
        },
    )
    assert outcome.stdout == 'a \'b\' $(id)|3|true|[1,{"k":"v"}]|\n'
    assert (outcome.exit_code, outcome.stderr) == (0, "")


def test_neither_parameters_nor_secrets_are_exported(pack_dir: Path) -> None:
    outcome = run(
        pack_dir,
        "env; bash -c 'echo [$token$__attune_secrets]'",
        parameters={"token": "p4ram"},
        secrets={"key": "s3cret"},
    )
    assert "p4ram" not in outcome.stdout
    assert "s3cret" not in outcome.stdout
    assert "[]" in outcome.stdout


def test_secrets_are_printed_as_they_are(pack_dir: Path) -> None:
    source = 'key=$(get_secret cloud_key); printf "%s|" "$key"; get_secret lines'
    outcome = run(pack_dir, source, secrets={"cloud_key": "a'b$c", "lines": "one\ntwo\n"})
    assert outcome.stdout == "a'b$c|one\ntwo\n"


def test_a_secret_that_is_not_set_is_the_empty_string_even_for_strict_scripts(pack_dir: Path) -> None:
    outcome = run(pack_dir, 'set -euo pipefail; key=$(get_secret none); echo "[$key]"')
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, "[]\n", "")


def test_the_script_is_itself_for_bash(pack_dir: Path) -> None:
    source = 'echo "$0 ${BASH_SOURCE[0]} $LINENO ${#FUNCNAME[@]} $#"\nnope_command'
    outcome = run(pack_dir, source)
    file = str(pack_dir / "actions/act.sh")
    assert outcome.stdout == f"{file} {file} 1 0 0\n"
    assert outcome.stderr.startswith(f"{file}: line 2: nope_command")
    assert outcome.exit_code == 127


def test_stdin_holds_the_document(pack_dir: Path) -> None:
    outcome = run(pack_dir, "cat", parameters={"x": 1})
    assert '"x": 1' in outcome.stdout


def test_a_result_goes_over_the_descriptor(pack_dir: Path) -> None:
    outcome = run(pack_dir, 'echo \'{"count": 3}\' >&"$ATTUNE_RESULT_FD"; echo text')
    assert (outcome.result, outcome.stdout) == ({"count": 3}, "text\n")


def test_without_one_there_is_none(pack_dir: Path) -> None:
    assert run(pack_dir, "echo text").result is NOTHING


def test_the_exit_code_is_the_scripts(pack_dir: Path) -> None:
    assert run(pack_dir, "exit 7").exit_code == 7
    assert run(pack_dir, "set -e\nfalse\necho never").exit_code == 1


def test_nothing_of_the_wrapper_stays_behind(pack_dir: Path) -> None:
    source = (
        'echo "[${BASH_ENV-}${ATTUNE_ASSIGNMENTS_FD-}]"\necho $ATTUNE_RESULT_FD $ATTUNE_ERROR_FD\necho /proc/$$/fd/*'
    )
    variables, kept, open_files = run(pack_dir, source).stdout.splitlines()
    assert variables == "[]"
    known = {"0", "1", "2", "255", *kept.split()}  # 255 is the script; one more is the folder being listed
    assert len({Path(path).name for path in open_files.split()} - known) == 1


def test_files_of_the_packs_lib_can_be_sourced_by_name(pack_dir: Path) -> None:
    (pack_dir / "lib").mkdir()
    (pack_dir / "lib/greetings.sh").write_text("greet() { echo hello; }")
    assert run(pack_dir, "source greetings.sh; greet").stdout == "hello\n"


def test_programs_of_the_host_are_not_hidden_by_the_packs_lib(pack_dir: Path) -> None:
    (pack_dir / "lib").mkdir()
    program = pack_dir / "lib/cat"
    program.write_text("#!/bin/sh\necho hidden\n")
    program.chmod(0o755)
    assert run(pack_dir, "echo shown | cat").stdout == "shown\n"


def test_a_large_parameter_arrives_whole(pack_dir: Path) -> None:
    outcome = run(pack_dir, 'echo "${#text}"', parameters={"text": "x" * 1_000_000})
    assert outcome.stdout == "1000000\n"


def test_the_assignments_may_come_through_a_pipe(pack_dir: Path) -> None:
    action = Action(pack_dir, 'echo "${#x}"', name="act.sh")
    action.write()
    reader, writer = os.pipe()
    feeder = threading.Thread(target=_feed, args=(writer, shell_assignments({"x": "y" * 200_000}, {})))
    feeder.start()
    done = subprocess.run(
        ["/bin/bash", str(action.file)],
        env={
            "BASH_ENV": str(WRAPPERS / "shell.sh"),
            "ATTUNE_ASSIGNMENTS_FD": str(reader),
            "PATH": "/usr/bin:/bin",
        },
        pass_fds=(reader,),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    feeder.join()
    os.close(reader)
    assert done.stdout == b"200000\n"


def _feed(writer: int, data: bytes) -> None:
    with open(writer, "wb") as file:
        file.write(data)


@pytest.mark.parametrize("shebang", ["#!/bin/bash", "#!/usr/bin/env bash", "#!/bin/sh"])
def test_the_first_line_of_the_script_does_no_harm(pack_dir: Path, shebang: str) -> None:
    assert run(pack_dir, f"{shebang}\necho $x", parameters={"x": 1}).stdout == "1\n"


def test_a_script_started_without_assignments_runs_without_parameters(pack_dir: Path) -> None:
    action = Action(pack_dir, 'echo "[${x-}$(get_secret key)]"', name="act.sh")
    action.write()
    env = {"BASH_ENV": str(WRAPPERS / "shell.sh"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/bash", str(action.file)], env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"[]\n", b"")
