"""What is sent of this machine's files when an action is made."""

from pathlib import Path

import pytest

from apps.cli.actions.writing import action_body


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("hunter2")
    folder = tmp_path / "actions"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "hello.sh").write_text("echo hello\n")
    (folder / "link.sh").symlink_to(tmp_path / "secret")
    return folder


def sent(folder: Path, entry_point: str) -> str | None:
    file = folder / "hello.yaml"
    file.write_text(f'name: hello\nentry_point: "{entry_point}"\n')
    code = action_body(str(file), None).get("code")
    return None if code is None else str(code)


def test_the_program_beside_an_actions_file_is_sent(folder: Path) -> None:
    assert sent(folder, "lib/hello.sh") == "echo hello\n"
    assert sent(folder, "lib/hello.sh:main") == "echo hello\n"


@pytest.mark.parametrize("entry_point", ["../secret", "{folder}/../secret", "link.sh", "x" * 300, "nothing.sh"])
def test_no_other_file_of_this_machine_is_sent(folder: Path, entry_point: str) -> None:
    assert sent(folder, entry_point.replace("{folder}", str(folder))) is None
