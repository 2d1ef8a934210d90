"""The profile of script/attune."""

import tomllib
from pathlib import Path

import pytest

from apps.standalone.cli_profile import read_token, write_profile


def test_a_profile_is_toml_for_its_owner_only(tmp_path: Path) -> None:
    write_profile(tmp_path / "cli.toml", url="http://127.0.0.1:8000", token='att_1_"\\ü')
    profile = tomllib.loads((tmp_path / "cli.toml").read_text())["profiles"]["default"]
    assert profile == {"url": "http://127.0.0.1:8000", "token": 'att_1_"\\ü'}
    assert (tmp_path / "cli.toml").stat().st_mode & 0o777 == 0o600


def test_the_token_is_kept_when_the_address_changes(tmp_path: Path) -> None:
    write_profile(tmp_path / "cli.toml", url="http://127.0.0.1:8000", token="att_1_x")
    token = read_token(tmp_path / "cli.toml")
    assert token == "att_1_x"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "not toml",
        "[profiles]\n",
        "[profiles.default]\ntoken = 1\n",
        '[profiles.default]\ntoken = ""\n',
        "profiles = 1",
    ],
)
def test_a_profile_without_a_token_has_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "cli.toml").write_text(text)
    assert read_token(tmp_path / "cli.toml") is None
