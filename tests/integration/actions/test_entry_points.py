"""Which program an action starts, and the runtime it belongs to."""

from pathlib import Path

import pytest

from tests.integration.actions.reading import mistakes, read

pytestmark = pytest.mark.usefixtures("runtimes")


@pytest.mark.parametrize(
    ("program", "code", "runtime"),
    [
        ("deploy.sh", "true\n", "shell"),
        ("deploy.py", "print(1)\n", "python"),
        ("deploy", "#!/bin/bash\ntrue\n", "shell"),
        ("deploy", "#!/usr/bin/env -S python3\nprint(1)\n", "python"),
    ],
)
def test_the_runtime_follows_from_extension_or_first_line(
    tmp_path: Path, program: str, code: str, runtime: str
) -> None:
    text = f"name: deploy\nentry_point: {program}\n"
    assert read(tmp_path, text, program=program, code=code).runtime == runtime


def test_an_alias_names_the_same_runtime(tmp_path: Path) -> None:
    assert read(tmp_path, "name: deploy\nruntime: bash\nentry_point: deploy.sh\n").runtime == "shell"


def test_a_program_no_runtime_fits_is_an_error_that_names_what_there_is(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, "name: deploy\nentry_point: deploy\n", program="deploy", code="\x7fELF\n")
    assert "no runtime fits deploy" in said
    assert "one of: python, shell" in said


def test_a_function_is_named_after_a_colon(tmp_path: Path) -> None:
    definition = read(tmp_path, "name: deploy\nentry_point: deploy.py:main\n", program="deploy.py")
    assert (definition.entry_point, definition.function) == ("deploy.py", "main")
    (said,) = mistakes(tmp_path, "name: deploy\nentry_point: 'deploy.py:'\n", program="deploy.py")
    assert "no name of a function" in said


@pytest.mark.parametrize(
    "entry_point", ["../pack.yaml", "/etc/passwd", "sub/../../pack.yaml", "gone.sh", ".", "x" * 400, "sub/" * 100]
)
def test_an_entry_point_outside_or_missing_is_told_with_its_line(tmp_path: Path, entry_point: str) -> None:
    (said,) = mistakes(tmp_path, f"name: deploy\nruntime: shell\nentry_point: '{entry_point}'\n")
    assert said.startswith("3: actions/") or "leaves the folder" in said
