"""The embedded PostgreSQL, on real servers: every way in which its start can go."""

import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from apps.standalone.binaries import PostgresPrograms, find_postgres
from apps.standalone.errors import DataUnusableError, StandaloneError, StartFailedError
from apps.standalone.postgres import UNSAFE_SETTINGS, EmbeddedPostgres
from apps.standalone.processes import ProcessId, processes_in
from tests.integration.standalone.conftest import RunAsSomebody, as_root
from tests.integration.standalone.waiting import wait_until


def server(folder: Path, **options: object) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "data", folder / "run", settings=UNSAFE_SETTINGS, **options)  # type: ignore[arg-type]  # free-form


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with server(tmp_path) as running:
        yield running


def ask(postgres: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def write_row(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def test_an_empty_folder_becomes_a_server_with_our_role_and_database(postgres: EmbeddedPostgres) -> None:
    assert ask(postgres, "SELECT current_user || '@' || current_database()") == "attune@attune"


def test_our_role_owns_its_database_and_may_make_others_but_is_no_superuser(
    postgres: EmbeddedPostgres,
) -> None:
    assert ask(postgres, "SELECT NOT rolsuper AND rolcreatedb FROM pg_roles WHERE rolname = current_user")
    write_row(postgres)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")


def test_text_is_utf_8_whatever_the_locale_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "no_SUCH.locale")
    with server(tmp_path) as postgres:
        assert ask(postgres, "SHOW server_encoding") == "UTF8"
        assert ask(postgres, "SELECT lower('ÄÖ')") == "äö"


def test_variables_meant_for_clients_do_not_move_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with server(tmp_path) as postgres:
        monkeypatch.delenv("PGPORT")
        assert ask(postgres, "SELECT 1") == 1


def test_nothing_listens_on_tcp_and_only_we_can_open_the_socket(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    assert ask(postgres, "SHOW listen_addresses") == ""
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "run" / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700


def test_rows_are_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    with server(tmp_path) as postgres:
        write_row(postgres)
        url = postgres.url
    with server(tmp_path) as postgres:
        assert ask(postgres, "SELECT answer FROM kept") == 42
        assert postgres.url == url


def test_a_stop_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    with server(tmp_path):
        assert processes_in(tmp_path / "data", name="postgres")
    assert processes_in(tmp_path / "data", name="postgres") == []
    assert list((tmp_path / "run").iterdir()) == []


def test_a_stop_does_not_wait_for_clients(tmp_path: Path) -> None:
    with server(tmp_path) as postgres:
        connection = psycopg.connect(postgres.url)
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_committed_rows_survive_a_kill_of_the_server(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "data", tmp_path / "run")
    with postgres:
        write_row(postgres)
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)
    assert (tmp_path / "data" / "postmaster.pid").exists()
    with server(tmp_path) as restarted:
        assert ask(restarted, "SELECT answer FROM kept") == 42


def test_a_lock_file_whose_number_belongs_to_another_process_is_stale(tmp_path: Path) -> None:
    with server(tmp_path):
        lock = (tmp_path / "data" / "postmaster.pid").read_text().splitlines(keepends=True)
    with subprocess.Popen(["sleep", "600"]) as bystander:
        (tmp_path / "data" / "postmaster.pid").write_text("".join([f"{bystander.pid}\n", *lock[1:]]))
        try:
            with server(tmp_path) as postgres:
                assert ask(postgres, "SELECT 1") == 1
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_a_second_server_over_the_same_data_is_refused(
    postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.standalone.embedded.LEFTOVERS_TIMEOUT_S", 0.0)
    with pytest.raises(StandaloneError, match=f"already running in .*process {postgres.pid}"):
        server(tmp_path).start()
    assert ask(postgres, "SELECT 1") == 1


def test_a_start_that_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with server(tmp_path) as postgres:
        assert ask(postgres, "SELECT 1") == 1
    assert not unfinished.exists()


def test_data_that_are_not_complete_are_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").touch()
    with pytest.raises(DataUnusableError, match=r"not a complete PostgreSQL data folder.*move it away"):
        server(tmp_path).start()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["precious"]


def test_data_of_another_major_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    with server(tmp_path):
        pass
    (tmp_path / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(DataUnusableError, match=r"written by PostgreSQL 13.*ATTUNE_POSTGRES_BIN"):
        server(tmp_path).start()
    assert (tmp_path / "data" / "PG_VERSION").read_text() == "13\n"


def test_a_wrong_setting_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "data", tmp_path / "run", settings={"shared_buffers": "many"})
    with pytest.raises(StartFailedError, match='invalid value for parameter "shared_buffers"'):
        postgres.start()
    assert postgres.pid is None


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_goes_away(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with server(folder) as postgres:
        assert ask(postgres, "SELECT 1") == 1
        sockets = Path(postgres.url.partition("?host=")[2])
        assert sockets.is_dir()
    assert not sockets.exists()


def test_spaces_quotes_and_commas_in_the_path_do_no_harm(tmp_path: Path) -> None:
    with server(tmp_path / "a 'b\" c, 100%") as postgres:
        assert ask(postgres, "SELECT 1") == 1


def test_the_servers_of_the_system_will_do(tmp_path: Path) -> None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("no PostgreSQL of the system")
    programs = find_postgres({"ATTUNE_POSTGRES_BIN": str(folders[-1])})
    with server(tmp_path, programs=programs) as postgres:
        assert ask(postgres, "SELECT 1") == 1
        assert str(ask(postgres, "SHOW server_version")).startswith(postgres.version)


def test_programs_that_are_too_old_are_refused(tmp_path: Path) -> None:
    old = tmp_path / "postgres"
    old.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    postgres = server(tmp_path, programs=PostgresPrograms(initdb=old, postgres=old))
    with pytest.raises(StandaloneError, match="is too old"):
        postgres.start()


@as_root
def test_root_serves_data_that_stay_roots_own(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    if (tmp_path / "data").stat().st_uid != 0:
        pytest.skip("this machine gives root no user namespace")
    assert ask(postgres, "SELECT 1") == 1


@as_root
def test_root_without_user_namespaces_serves_as_another_user(tmp_path: Path, forbid: Callable[[str], None]) -> None:
    forbid("unshare")
    with server(tmp_path) as postgres:
        assert ask(postgres, "SELECT 1") == 1
        assert postgres.pid is not None
        assert Path(f"/proc/{postgres.pid}").stat().st_uid != 0


@as_root
def test_data_of_a_machine_with_user_namespaces_are_served_on_one_without_and_back(
    tmp_path: Path, forbid: Callable[[str], None]
) -> None:
    with server(tmp_path) as postgres:
        write_row(postgres)
    forbid("unshare")
    with server(tmp_path) as postgres:
        assert ask(postgres, "SELECT answer FROM kept") == 42
    (tmp_path / "forbidden" / "unshare").unlink()
    with server(tmp_path) as postgres:
        assert ask(postgres, "SELECT answer FROM kept") == 42


@as_root
def test_root_without_any_way_is_told_what_to_do(tmp_path: Path, forbid: Callable[[str], None]) -> None:
    forbid("unshare")
    forbid("setpriv")
    with pytest.raises(StandaloneError, match="as a normal user, or set DATABASE_URL"):
        server(tmp_path).start()


AS_SOMEBODY = """
import sys
from pathlib import Path
from apps.standalone.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1], "data"), Path(sys.argv[1], "run")) as postgres:
    print("served by", Path(f"/proc/{postgres.pid}").stat().st_uid)
"""


def serve_as_somebody(run: RunAsSomebody, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(AS_SOMEBODY, str(folder), ATTUNE_POSTGRES_BIN=str(find_postgres().postgres.parent))


def test_a_normal_user_needs_nothing_special(
    run_as_somebody: RunAsSomebody, folder_of_somebody: Path, somebody: pwd.struct_passwd
) -> None:
    answer = serve_as_somebody(run_as_somebody, folder_of_somebody)
    assert (answer.stdout, answer.stderr) == (f"served by {somebody.pw_uid}\n", "")


@as_root
def test_root_serves_the_data_of_a_user_as_that_user(
    run_as_somebody: RunAsSomebody, folder_of_somebody: Path, somebody: pwd.struct_passwd
) -> None:
    assert serve_as_somebody(run_as_somebody, folder_of_somebody).returncode == 0
    with server(folder_of_somebody) as postgres:
        assert ask(postgres, "SELECT 1") == 1
    owners = {path.stat().st_uid for path in (folder_of_somebody / "data").rglob("*")}
    assert owners == {somebody.pw_uid}


@as_root
def test_a_user_is_told_whose_data_they_are(run_as_somebody: RunAsSomebody, folder_of_somebody: Path) -> None:
    folder_of_somebody.chmod(0o755)
    (folder_of_somebody / "data").mkdir()
    answer = serve_as_somebody(run_as_somebody, folder_of_somebody)
    assert "data belongs to root: start as that user, or set ATTUNE_VAR_DIR" in answer.stderr


ABANDONED = """
import os, signal, sys
from pathlib import Path
from apps.standalone.postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1], "data"), Path(sys.argv[1], "run"))
postgres.start()
print(postgres.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_ends_when_the_process_that_started_it_is_killed(
    run_as_somebody: RunAsSomebody, folder_of_somebody: Path
) -> None:
    answer = run_as_somebody(
        ABANDONED, str(folder_of_somebody), ATTUNE_POSTGRES_BIN=str(find_postgres().postgres.parent)
    )
    assert answer.returncode == -signal.SIGKILL
    pid = int(answer.stdout)
    wait_until(lambda: ProcessId.of(pid) is None, what="the server ended")
    wait_until(lambda: not (folder_of_somebody / "data" / "postmaster.pid").exists(), what="it ended in order")
