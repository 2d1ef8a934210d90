"""The settings of a start: what is chosen, what is left to the operator, what a role may see."""

import subprocess
from pathlib import Path

import pytest

from apps.standalone.environment import (
    Options,
    choose_settings,
    read_options,
    role_environment,
    write_settings,
)
from apps.standalone.errors import StandaloneError
from apps.standalone.layout import Layout

OPTIONS = Options(port=8001, drain_s=60)


def choose(layout: Layout) -> dict[str, str]:
    return choose_settings(
        layout,
        options=OPTIONS,
        database_url="postgresql://db",
        redis_url="redis://r",
        secrets={"ATTUNE_SECRET_KEY_FILE": "/key"},
    )


def test_options_have_defaults() -> None:
    assert read_options({}) == Options(port=8000, drain_s=60)
    assert read_options({"ATTUNE_PORT": "", "ATTUNE_DRAIN_S": ""}) == Options(port=8000, drain_s=60)
    assert read_options({"ATTUNE_PORT": "9000", "ATTUNE_DRAIN_S": "0"}).url == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("name", "value"),
    [("ATTUNE_PORT", port) for port in ("0", "65536", "-1", "80.5", "http", "nan", "inf")]
    + [("ATTUNE_DRAIN_S", drain) for drain in ("-1", "inf", "nan", "a minute")],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(StandaloneError, match=f"{name}={value}"):
        read_options({name: value})


def test_everything_lies_in_the_folder_unless_the_operator_named_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ATTUNE_PACKS_DIR", "/srv/packs")
    settings = choose(Layout(Path("/v")))
    assert settings["ATTUNE_PACKS_DIR"] == "/srv/packs"
    assert settings["ATTUNE_WORK_DIR"] == "/v/work"
    assert settings["ATTUNE_BASE_URL"] == "http://127.0.0.1:8001"
    assert settings["DJANGO_SETTINGS_MODULE"] == "attune.settings.standalone"


def test_a_shell_reads_the_settings_back_as_they_were(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgresql://a:p'w$d@h/d?host=/x y", "PLAIN": "1"}
    write_settings(tmp_path / "env", settings)
    script = f'set -a; . "{tmp_path}/env"; printf "%s|%s" "$DATABASE_URL" "$PLAIN"'
    answer = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == f"{settings['DATABASE_URL']}|1"
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600


def test_a_role_never_sees_the_password_of_the_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ADMIN_PASSWORD", "correct horse")
    monkeypatch.setenv("ATTUNE_POOL", "gpu")
    environment = role_environment(Layout(Path("/v")), {"ATTUNE_PORT": "8001"})
    assert "correct horse" not in environment.values()
    assert environment["ATTUNE_POOL"] == "gpu"
    assert environment["ATTUNE_PORT"] == "8001"
