"""Parameters and secrets as assignments for bash, read back by a real bash."""

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.runtimes.assignments import bad_shell_name, shell_assignments

#: What JSON and PostgreSQL let through, and no NUL, which no shell can hold.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def read_back(assignments: bytes, expression: str) -> str:
    script = assignments + f"printf %s {expression}".encode()
    done = subprocess.run(
        ["bash", "--norc"],
        input=script,
        capture_output=True,
        check=True,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert done.stderr == b""
    return done.stdout.decode()


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_any_text_arrives_as_it_is(text: str) -> None:
    assert read_back(shell_assignments({"value": text}, {}), '"$value"') == text
    assert read_back(shell_assignments({}, {"name": text}), '"${__attune_secrets[name]}"') == text


@pytest.mark.parametrize(
    "text",
    [
        "$(touch /tmp/x)",
        "`id`",
        "a'b",
        "''",
        "\\",
        "a\\'b",
        "\n",
        "!!",
        "a\tb",
        "-n",
        "$'x'",
        "a;b",
        "\r\n",
        "#",
        "~",
    ],
)
def test_what_bash_gives_a_meaning_has_none(text: str) -> None:
    assert read_back(shell_assignments({"value": text}, {}), '"$value"') == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (None, ""),
        (7, "7"),
        (-1.5, "-1.5"),
        ([1, "a b"], '[1,"a b"]'),
        ({"k": ["ü", None]}, '{"k":["ü",null]}'),
    ],
)
def test_other_values_become_json_text_and_null_the_empty_string(value: Any, expected: str) -> None:
    assert read_back(shell_assignments({"value": value}, {}), '"$value"') == expected


def test_a_variable_of_the_environment_is_not_passed_on_once_a_parameter_has_its_name() -> None:
    script = shell_assignments({"region": "parameter"}, {}) + b"env"
    done = subprocess.run(
        ["bash", "--norc"],
        input=script,
        capture_output=True,
        check=True,
        env={"region": "inherited", "PATH": "/usr/bin:/bin"},
    )
    assert b"region=" not in done.stdout


def test_the_name_of_a_secret_may_hold_what_no_variable_may() -> None:
    assignments = shell_assignments({}, {"aws.key-1": "x", "b": {"user": "u"}})
    assert read_back(assignments, "\"${__attune_secrets['aws.key-1']}\"") == "x"
    assert json.loads(read_back(assignments, '"${__attune_secrets[b]}"')) == {"user": "u"}


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "IFS",
        "HOME",
        "BASH_ENV",
        "BASHPID",
        "LD_PRELOAD",
        "UID",
        "PS4",
        "LANG",
        "LC_ALL",
        "_",
        "ATTUNE_X",
    ],
)
def test_variables_with_a_meaning_are_refused(name: str) -> None:
    assert bad_shell_name(name)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a.b", "a b", "ä", "a\n", "x;y"])
def test_what_is_no_identifier_is_refused(name: str) -> None:
    assert bad_shell_name(name)


@pytest.mark.parametrize("name", ["path", "Path", "user", "_x", "PORT", "home", "a1", "PATHS", "language"])
def test_other_names_are_fine(name: str) -> None:
    assert bad_shell_name(name) is None


def test_a_name_that_was_never_to_come_here_is_an_error_not_an_assignment() -> None:
    with pytest.raises(ValueError, match="PATH"):
        shell_assignments({"PATH": "/evil"}, {})


@pytest.mark.parametrize("name", ["EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO"])
def test_every_variable_that_bash_refuses_to_assign_is_refused_before(name: str) -> None:
    done = subprocess.run(["bash", "--norc", "-c", f"{name}=1"], capture_output=True, check=False)
    assert done.returncode != 0
    assert bad_shell_name(name)
