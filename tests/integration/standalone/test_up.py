"""A whole start and stop with real servers, and small programs as roles (see `fake_attune`)."""

import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from apps.standalone.binaries import find_postgres, find_valkey
from apps.standalone.child import Program
from apps.standalone.down import down
from apps.standalone.instance import find_instance
from apps.standalone.layout import Layout
from apps.standalone.postgres import UNSAFE_SETTINGS, EmbeddedPostgres
from apps.standalone.processes import ProcessId, processes_with
from apps.standalone.records import Records
from apps.standalone.report import Report
from apps.standalone.valkey import EmbeddedValkey
from tests import ports
from tests.integration.standalone.conftest import RunAsSomebody
from tests.integration.standalone.waiting import wait_until

ROOT = Path(__file__).parents[3]
FAKE = Path(__file__).with_name("fake_attune.py")


class Attune:
    """One folder in which commands are run as a user would."""

    def __init__(self, folder: Path, port: int) -> None:
        self.layout = Layout(folder)
        self.environ = {
            **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}},
            "PYTHONPATH": str(ROOT),
            "ATTUNE_VAR_DIR": str(folder),
            "ATTUNE_PORT": str(port),
        }

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(FAKE), *words],
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def begin(self, *words: str, **environ: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(FAKE), *words],
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['ATTUNE_PORT']}"

    def supervisor(self) -> ProcessId:
        found = find_instance(self.layout.run)
        assert found is not None
        return found.process

    def processes(self) -> dict[str, int]:
        return {record.name: record.process.pid for record in Records(self.layout.run).running()}

    def settings(self) -> dict[str, str]:
        lines = self.layout.env.read_text().splitlines()
        return dict(word.split("=", 1) for line in lines for word in shlex.split(line, comments=True))

    def is_ready(self) -> bool:
        found = find_instance(self.layout.run)
        return found is not None and found.is_ready

    def is_gone(self) -> bool:
        """True if nothing of it runs: no record, nothing with its mark, nothing in its folders."""
        action = self.layout.var / "action.pid"
        return (
            find_instance(self.layout.run) is None
            and not self.processes()
            and not processes_with("ATTUNE_INSTANCE", str(self.layout.var))
            and (not action.exists() or ProcessId.of(int(action.read_text())) is None)
        )


@pytest.fixture
def free_port() -> int:
    return ports.free_port()


@pytest.fixture
def attune(tmp_path: Path, free_port: int) -> Iterator[Attune]:
    attune = Attune(tmp_path / "var dir", free_port)
    yield attune
    attune.run("down")
    assert attune.is_gone()


@pytest.fixture
def running(attune: Attune) -> Attune:
    answer = attune.run("up", "--detach")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return attune


def test_a_first_start_says_how_to_enter_and_what_to_try(attune: Attune) -> None:
    answer = attune.run("up", "--detach")
    assert answer.returncode == 0
    assert f"Attune is ready at {attune.url}" in answer.stdout
    assert "admin, password made just now" in answer.stdout
    assert "script/attune run examples.hello name=World --wait" in answer.stdout


def test_what_cannot_be_imported_for_all_is_said_and_stops_nothing(attune: Attune) -> None:
    answer = attune.run("up", "--detach", FAKE_PRELOAD="nowhere_to_be_found")
    assert (answer.returncode, "each role imports for itself" in answer.stdout) == (0, True)
    assert "No module named 'nowhere_to_be_found'" in (attune.layout.log / "preloaded.log").read_text()


def test_a_password_is_neither_kept_nor_given_to_a_role(running: Attune) -> None:
    for path in running.layout.log.iterdir():
        assert "made just now" not in path.read_text()
    environ = Path(f"/proc/{running.processes()['web']}/environ").read_bytes()
    assert b"ADMIN_PASSWORD" not in environ


def test_a_password_chosen_by_the_operator_is_not_printed(attune: Attune) -> None:
    chosen = json.dumps({"username": "admin", "password": "correct horse", "token": "att_1_x", "packs": []})
    answer = attune.run("up", "--detach", ATTUNE_ADMIN_PASSWORD="correct horse", FAKE_ANSWER=chosen)
    assert "log in as   admin\n" in answer.stdout
    assert "correct horse" not in answer.stdout + answer.stderr


def test_what_was_chosen_stands_in_the_environment_file_and_works(running: Attune) -> None:
    settings = running.settings()
    with psycopg.connect(settings["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with redis.Redis.from_url(settings["REDIS_URL"]) as client:
        assert client.ping()
    assert settings["ATTUNE_BASE_URL"] == running.url
    assert Path(settings["ATTUNE_SECRET_KEY_FILE"]).is_file()
    assert "ATTUNE_INSTANCE" not in settings


def test_everything_in_the_folder_is_private(running: Attune) -> None:
    assert running.layout.var.stat().st_mode & 0o777 == 0o700
    loose = [path for path in running.layout.var.rglob("*") if not path.is_symlink() and mode_of(path) & 0o077]
    assert loose == []


def mode_of(path: Path) -> int:
    """Nobody's, if a server has removed the file since it was listed."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0


def test_the_profile_holds_the_token_and_keeps_it_when_the_port_changes(running: Attune) -> None:
    running.run("down")
    known = json.dumps({"username": "admin", "password": None, "token": None, "packs": []})
    answer = running.run("up", "--detach", FAKE_ANSWER=known)
    assert "password" not in answer.stdout
    profile = tomllib.loads(running.layout.cli_profile.read_text())["profiles"]["default"]
    assert profile == {"url": running.url, "token": "att_1_x"}


def test_a_second_start_says_where_the_first_one_is(running: Attune) -> None:
    before = running.processes()
    for words in (["up"], ["up", "--detach"]):
        answer = running.run(*words)
        assert (answer.returncode, answer.stdout) == (0, f"Attune is already running at {running.url}\n")
    assert running.processes() == before


def test_two_starts_at_once_make_one_attune(attune: Attune) -> None:
    with attune.begin("up", "--detach") as one, attune.begin("up", "--detach") as other:
        outputs = [one.communicate(timeout=90)[0], other.communicate(timeout=90)[0]]
    assert (one.returncode, other.returncode) == (0, 0), outputs
    ready, waited = sorted(outputs, key=lambda output: "already running" in output)
    assert f"Attune is ready at {attune.url}" in ready
    assert f"Attune is already running at {attune.url}" in waited


def test_a_taken_port_is_told_before_anything_is_started(attune: Attune) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(attune.environ["ATTUNE_PORT"])))
        taken.listen()
        for words in (["up"], ["up", "--detach"]):
            answer = attune.run(*words)
            assert answer.returncode == 1
            assert "is taken by another program. Choose another one: ATTUNE_PORT=" in answer.stderr
    assert not attune.layout.postgres.exists()


def test_a_half_written_database_is_told_and_nothing_is_left_running(attune: Attune) -> None:
    attune.layout.postgres.mkdir(parents=True)
    (attune.layout.postgres / "base").mkdir()
    answer = attune.run("up", "--detach")
    assert answer.returncode == 1
    assert "not a complete PostgreSQL data folder" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert attune.is_gone()


def test_a_role_that_cannot_start_ends_the_start_with_the_end_of_its_log(attune: Attune) -> None:
    answer = attune.run("up", "--detach", FAKE_WORKER="echo no module named celery; exit 1")
    assert answer.returncode == 1
    assert "worker ended (exit code 1)" in answer.stderr
    assert "no module named celery" in answer.stderr
    assert attune.is_gone()


def test_a_password_that_was_made_is_told_even_if_the_start_fails_then(attune: Attune) -> None:
    answer = attune.run("up", "--detach", FAKE_WORKER="exit 1")
    assert answer.returncode == 1
    assert "admin, password made just now" in answer.stdout


def test_servers_of_the_operator_are_used_and_their_passwords_not_printed(
    attune: Attune, running_servers: tuple[str, str]
) -> None:
    database_url, redis_url = running_servers
    database_url = database_url.replace("attune@", "attune:hunter2@")
    answer = attune.run("up", "--detach", DATABASE_URL=database_url, REDIS_URL=redis_url)
    assert answer.returncode == 0
    assert set(attune.processes()) == {"web", "worker"}
    assert attune.settings()["DATABASE_URL"] == database_url
    assert "hunter2" not in answer.stdout + answer.stderr
    assert all("hunter2" not in log.read_text() for log in attune.layout.log.iterdir())


@pytest.fixture
def running_servers(tmp_path: Path) -> Iterator[tuple[str, str]]:
    folder = tmp_path / "own"
    with (
        EmbeddedPostgres(folder / "pg", folder / "run", settings=UNSAFE_SETTINGS) as postgres,
        EmbeddedValkey(folder / "valkey", folder / "run" / "valkey.sock") as valkey,
    ):
        yield postgres.url, valkey.url


def test_a_shell_that_has_read_the_environment_file_still_gets_embedded_servers(running: Attune) -> None:
    running.run("down")
    answer = running.run("up", "--detach", **running.settings())
    assert answer.returncode == 0
    assert {"postgres", "valkey"} <= set(running.processes())


def test_a_stop_ends_everything_and_keeps_the_data(running: Attune) -> None:
    with psycopg.connect(running.settings()["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    answer = running.run("down")
    assert answer.returncode == 0
    assert "Attune has stopped." in answer.stdout
    positions = [answer.stdout.index(f"stopping {name}") for name in ("web", "worker", "valkey", "postgres")]
    assert positions == sorted(positions)
    assert running.is_gone()
    running.run("up", "--detach")
    with psycopg.connect(running.settings()["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stop_of_nothing_says_so_and_makes_nothing(attune: Attune) -> None:
    answer = attune.run("down")
    assert (answer.returncode, answer.stdout) == (0, "Attune is not running.\n")
    assert not attune.layout.var.exists()


def test_two_stops_at_once_both_succeed(running: Attune) -> None:
    with running.begin("down") as one, running.begin("down") as other:
        outputs = [one.communicate(timeout=90)[0], other.communicate(timeout=90)[0]]
    assert (one.returncode, other.returncode) == (0, 0), outputs
    assert running.is_gone()


def test_a_killed_supervisor_takes_its_programs_along_and_a_stop_finds_the_rest(running: Attune) -> None:
    programs = [ProcessId.of(pid) for pid in running.processes().values()]
    os.kill(running.supervisor().pid, signal.SIGKILL)
    wait_until(lambda: not any(program and program.is_alive() for program in programs), what="the programs ended")
    answer = running.run("down")
    assert answer.returncode == 0
    assert running.is_gone()
    assert "Attune is not running." in running.run("down").stdout


def test_a_stop_ends_programs_that_outlived_their_supervisor(running: Attune) -> None:
    web = ProcessId.of(running.processes()["web"])
    assert web is not None
    program = Program(name="orphan", argv=("sleep",), cwd=Path("/"), log=Path("/dev/null"))
    with subprocess.Popen(["sleep", "600"]) as orphan:
        try:
            child = ProcessId.of(orphan.pid)
            assert child is not None
            os.kill(running.supervisor().pid, signal.SIGKILL)
            Records(running.layout.run).write(program, child, position=9)
            answer = running.run("down")
            assert f"ending orphan (process {orphan.pid})" in answer.stdout
            assert orphan.wait(timeout=30) == -signal.SIGTERM
            assert not web.is_alive()
        finally:
            orphan.kill()


def test_a_recycled_process_number_is_never_touched(running: Attune) -> None:
    with subprocess.Popen(["sleep", "600"]) as bystander:
        try:
            os.kill(running.supervisor().pid, signal.SIGKILL)
            path = running.layout.run / "processes" / "web.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), "pid": bystander.pid}))
            answer = running.run("down")
            assert answer.returncode == 0
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_a_start_after_a_crash_cleans_up_and_succeeds(running: Attune) -> None:
    before = running.supervisor()
    os.kill(before.pid, signal.SIGKILL)
    answer = running.run("up", "--detach")
    assert answer.returncode == 0, answer.stderr
    assert running.supervisor() != before


def test_a_supervisor_that_does_not_answer_is_killed(running: Attune, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.standalone.down.SLACK_S", -1e9)
    said = io.StringIO()
    os.kill(running.supervisor().pid, signal.SIGSTOP)
    down(running.layout, report=Report(said))
    assert "does not answer; killing it" in said.getvalue()
    assert running.is_gone()


def test_in_the_foreground_ctrl_c_stops_everything_in_order(attune: Attune) -> None:
    with attune.begin("up") as foreground:
        wait_until(attune.is_ready, what="Attune is ready", deadline_s=60)
        os.killpg(foreground.pid, signal.SIGINT)
        output = foreground.communicate(timeout=60)[0]
    assert foreground.returncode == 0
    assert "Ctrl-C, or script/down" in output
    assert output.index("stopping web") < output.index("stopping postgres")
    assert attune.is_gone()


def test_a_stop_during_the_start_leaves_nothing(attune: Attune) -> None:
    with attune.begin("up", FAKE_WORKERS="0") as foreground:
        wait_until(lambda: "web" in attune.processes(), what="the roles are being started", deadline_s=60)
        foreground.send_signal(signal.SIGTERM)
        output = foreground.communicate(timeout=60)[0]
    assert foreground.returncode == 1
    assert "Stopped before Attune was ready." in output
    assert "Traceback" not in output


def test_the_daemon_keeps_nothing_of_the_terminal(running: Attune) -> None:
    supervisor = running.supervisor().pid
    assert os.getsid(supervisor) == supervisor
    descriptors = Path(f"/proc/{supervisor}/fd")
    targets = {path.name: str(path.readlink()) for path in descriptors.iterdir()}
    assert targets["0"] == "/dev/null"
    assert targets["1"] == targets["2"] == str(running.layout.supervisor_log)
    assert not any(target.startswith("pipe:") for target in targets.values())


def test_a_role_that_dies_is_started_again_by_the_daemon(running: Attune) -> None:
    first = running.processes()["web"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: running.processes().get("web", first) != first, what="web was started again")
    assert "web ended (killed by SIGKILL)." in running.layout.supervisor_log.read_text()


def test_the_status_names_what_runs(running: Attune) -> None:
    answer = running.run("status")
    assert answer.returncode == 0
    assert running.url in answer.stdout
    assert all(name in answer.stdout for name in ("postgres", "valkey", "worker", "web"))
    running.run("down")
    assert running.run("status").returncode == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ATTUNE_PORT": "eighty"}, "ATTUNE_PORT=eighty"),
        ({"ATTUNE_VAR_DIR": "/dev/null/var"}, "cannot be used"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_without_a_traceback(
    attune: Attune, settings: dict[str, str], message: str
) -> None:
    answer = attune.run("up", **settings)
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


WHOLE_LIFE = """
import os, subprocess, sys
for word in (["up", "--detach"], ["status"], ["down"]):
    subprocess.run([sys.executable, "-P", sys.argv[1], *word], check=True)
"""


def test_a_normal_user_needs_nothing_special(
    run_as_somebody: RunAsSomebody, folder_of_somebody: Path, free_port: int
) -> None:
    answer = run_as_somebody(
        WHOLE_LIFE,
        str(FAKE),
        ATTUNE_VAR_DIR=str(folder_of_somebody / "var"),
        ATTUNE_PORT=str(free_port),
        ATTUNE_POSTGRES_BIN=str(find_postgres().postgres.parent),
        ATTUNE_VALKEY_BIN=str(find_valkey().parent),
    )
    assert answer.returncode == 0, answer.stderr
    assert "Attune has stopped." in answer.stdout
