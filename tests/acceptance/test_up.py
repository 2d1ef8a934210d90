"""The first minutes of a stranger: up, hello, down, and what is said when that cannot work."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.attune import ROOT, Attune
from tests.waiting import wait_for

ROLES = ("web", "worker", "scheduler", "sensors", "conductor")


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def check_that_nothing_runs(attune: Attune) -> None:
    assert attune.processes() == {}
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a crash leaves connections that are closing
        taken.bind(("127.0.0.1", attune.port))
    unreachable = attune.cli("run", "examples.hello")
    assert unreachable.returncode == 3
    assert "script/up" in unreachable.stderr


def test_a_taken_port_gets_a_clear_message_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        attune = Attune(tmp_path / "var", port=taken.getsockname()[1])
        refused = attune.script("up", "--detach", timeout_s=120)
    assert refused.returncode != 0
    assert f"{attune.port}" in refused.stderr
    assert "ATTUNE_PORT" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert attune.processes() == {}


@pytest.mark.parametrize("role", ["web", "worker", "scheduler", "conductor"])
def test_a_role_that_dies_is_started_again(attune: Attune, role: str) -> None:
    (before, *_) = attune.pids_of(role)
    attune.kill(before)
    wait_for(lambda: attune.pids_of(role) and before not in attune.pids_of(role), what=f"another {role}")

    def works() -> bool:
        try:
            return bool(attune.run("core.noop")["status"] == "succeeded")
        except (AssertionError, Exception):  # noqa: BLE001 - the web role itself may be gone
            return False

    wait_for(works, what="work to be done again", deadline_s=60)


def test_the_scripts_explain_themselves() -> None:
    for name in ("up", "down", "test", "check", "attune"):
        done = subprocess.run([ROOT / "script" / name, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, name
        assert len(done.stdout) > 40, name


def test_hello_a_crash_down_and_up_again(attune: Attune) -> None:
    """The last one of all, as it stops what the others share; their first start was that of a stranger."""
    assert f"http://127.0.0.1:{attune.port}" in attune.said
    assert "imports for itself" not in attune.said
    supervisor = attune.pids_of("supervisor")
    assert {parent_of(min(attune.pids_of(role))) for role in ROLES} == set(supervisor)
    assert "admin" in attune.said

    hello = attune.cli("run", "examples.hello", "name=World", "--wait")
    assert (hello.returncode, hello.stdout.strip()) == (0, '{\n  "greeting": "Hello, World!"\n}')
    kept, *_ = attune.executions(action="examples.hello", fields="id")  # the newest; other tests say hello too
    failing = attune.cli("run", "core.fail", "--wait")
    assert failing.returncode == 1
    nowhere = attune.cli("run", "examples.helo", "--wait")
    assert nowhere.returncode == 2 or "examples.hello" in nowhere.stderr

    again = attune.script("up", "--detach")
    assert again.returncode == 0, again.stderr  # it runs already, and says so
    assert attune.profile["url"] in again.stdout

    attune.request("core.sleep", {"seconds": 300})
    attune.kill(attune.pids_of("supervisor")[0])
    attune.down()  # what the crash left
    check_that_nothing_runs(attune)

    attune.up()  # the data are still there
    assert attune.execution(kept["id"])["result"] == {"greeting": "Hello, World!"}
    assert attune.run("core.noop")["status"] == "succeeded"
