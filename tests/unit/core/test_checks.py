"""Settings with which nothing may start, each refused in a sentence that says what to do."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core import checks

from apps.core.checks import START
from apps.core.cors import is_origin


def said() -> list[str]:
    return [str(message.id) for message in checks.run_checks(tags=[START])]


def test_the_settings_of_the_suite_are_fit_to_start() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "", "attune.E001"),
        ("SECRET_KEY", "x" * 49, "attune.E001"),
        ("SECRET_KEY", "x" * 60, "attune.E006"),
        ("SECRET_KEY", "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz0123456789", "attune.E006"),
        ("ATTUNE_ENCRYPTION_KEYS", "", "attune.E002"),
        ("ATTUNE_ENCRYPTION_KEYS", "k1:notbase64", "attune.E002"),
        ("ATTUNE_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(32)).decode(), "attune.E007"),
        ("ATTUNE_LOST_AFTER_S", 1.0, "attune.E003"),
        ("DEBUG", True, "attune.E004"),
        ("ATTUNE_CORS_ORIGINS", frozenset({"*"}), "attune.E005"),
        ("ATTUNE_CORS_ORIGINS", frozenset({"null"}), "attune.E005"),
        ("ATTUNE_CORS_ORIGINS", frozenset({"https://a.example", "https://*.example.org"}), "attune.E005"),
    ],
)
def test_a_setting_that_would_hurt_later_stops_the_start(settings: Any, name: str, value: Any, expected: str) -> None:
    setattr(settings, name, value)
    assert said() == [expected]


@pytest.mark.parametrize(("mode", "expected"), [(0o600, []), (0o640, []), (0o644, ["attune.E008"])])
def test_a_key_file_that_everybody_can_read_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, mode: int, expected: list[str]
) -> None:
    # Not in the tests' own folder, which lets nobody through.
    with tempfile.NamedTemporaryFile(dir="/var/tmp", prefix="attune-test-") as file:
        Path(file.name).chmod(mode)
        monkeypatch.setenv("ATTUNE_ENCRYPTION_KEYS_FILE", file.name)
        assert said() == expected


def test_a_readable_file_in_a_folder_that_lets_nobody_through_is_private(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    (folder / "keys").write_text("k1:…")
    (folder / "keys").chmod(0o644)
    monkeypatch.setenv("ATTUNE_ENCRYPTION_KEYS_FILE", str(folder / "keys"))
    assert said() == []


@pytest.mark.parametrize("text", ["https://portal.example.org", "http://127.0.0.1:3000", "https://[::1]:8443"])
def test_an_origin_is_a_scheme_a_host_and_perhaps_a_port(text: str) -> None:
    assert is_origin(text)


@pytest.mark.parametrize(
    "text", ["", "*", "null", "https://", "https://A.example", "https://a.example/", "ftp://a.example", "https://a b",
             "https://a.example:99999999", "https://a.example\n", "file://x"],
)  # fmt: skip
def test_nothing_else_is_an_origin(text: str) -> None:
    assert not is_origin(text)
