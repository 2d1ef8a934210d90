"""The two secrets of a first start."""

import base64
from pathlib import Path

import pytest

from apps.standalone.errors import StandaloneError
from apps.standalone.secret_files import ensure_secrets


def test_a_first_start_makes_both_secrets_for_their_owner_only(tmp_path: Path) -> None:
    settings = ensure_secrets(tmp_path, environ={})
    key = Path(settings["ATTUNE_SECRET_KEY_FILE"])
    keys = Path(settings["ATTUNE_ENCRYPTION_KEYS_FILE"])
    assert (key, keys) == (tmp_path / "secret_key", tmp_path / "encryption_keys")
    assert len(key.read_text().strip()) >= 50
    name, _, value = keys.read_text().strip().partition(":")
    assert (name, len(base64.b64decode(value, validate=True))) == ("k1", 32)
    assert {file.stat().st_mode & 0o777 for file in (key, keys)} == {0o600}


def test_later_starts_leave_them_as_they_are(tmp_path: Path) -> None:
    ensure_secrets(tmp_path, environ={})
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}
    ensure_secrets(tmp_path, environ={})
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["secret_key", "encryption_keys"])
def test_an_empty_file_is_never_filled(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\n")
    with pytest.raises(StandaloneError, match=f"{name} is empty.*Restore it from a backup"):
        ensure_secrets(tmp_path, environ={})
    assert (tmp_path / name).read_text() == "\n"


def test_secrets_of_the_operator_are_left_to_them(tmp_path: Path) -> None:
    environ = {"ATTUNE_SECRET_KEY": "mine", "ATTUNE_ENCRYPTION_KEYS_FILE": "/run/secrets/keys"}
    assert ensure_secrets(tmp_path, environ=environ) == {"ATTUNE_ENCRYPTION_KEYS_FILE": "/run/secrets/keys"}
    assert list(tmp_path.iterdir()) == []
