"""Where everything lies."""

from pathlib import Path

import pytest

from apps.standalone.errors import StandaloneError
from apps.standalone.layout import ROOT, Layout


def test_without_being_told_it_is_var_of_the_clone() -> None:
    assert Layout.from_environ({}).var == ROOT / "var"
    assert Layout.from_environ({"ATTUNE_VAR_DIR": ""}).var == ROOT / "var"


def test_a_relative_folder_is_relative_to_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Layout.from_environ({"ATTUNE_VAR_DIR": "mine"}).var == tmp_path / "mine"


def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "a" / "var")
    layout.make()
    layout.make()
    assert {path.stat().st_mode & 0o777 for path in (layout.var, layout.run, layout.log, layout.secrets)} == {0o700}


def test_permissions_of_a_folder_that_was_there_stay(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Layout(tmp_path).make()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_cannot_be_made_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StandaloneError, match=r"cannot be used \(Not a directory.*ATTUNE_VAR_DIR"):
        Layout(tmp_path / "file" / "var").make()
