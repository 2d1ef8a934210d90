"""The first minutes of a stranger: up, hello, down, and what is said when that cannot work."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.attune import ROOT, Attune
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attune]:
    """Whoever tries it starts it; the next one finds what was left."""
    attune = Attune(tmp_path_factory.mktemp("strangers") / "var", {"ATTUNE_DRAIN_S": "1"})
    yield attune
    attune.down()
    assert attune.processes() == {}


def test_up_hello_down_and_up_again(strangers: Attune) -> None:
    attune = strangers
    said = attune.up()
    assert f"http://127.0.0.1:{attune.port}" in said
    assert "admin" in said

    hello = attune.cli("run", "examples.hello", "name=World", "--wait")
    assert (hello.returncode, hello.stdout.strip()) == (0, '{\n  "greeting": "Hello, World!"\n}')
    failing = attune.cli("run", "core.fail", "--wait")
    assert failing.returncode == 1
    nowhere = attune.cli("run", "examples.helo", "--wait")
    assert nowhere.returncode == 2 or "examples.hello" in nowhere.stderr

    again = attune.script("up", "--detach")
    assert again.returncode == 0, again.stderr  # it runs already, and says so
    assert attune.profile["url"] in again.stdout

    attune.down()
    assert attune.processes() == {}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", attune.port))
    unreachable = attune.cli("run", "examples.hello")
    assert unreachable.returncode == 3
    assert "script/up" in unreachable.stderr

    attune.up()  # the data are still there
    assert attune.execution(1)["result"] == {"greeting": "Hello, World!"}


def test_after_a_crash_down_ends_what_is_left_and_up_starts_again(strangers: Attune) -> None:
    attune = strangers
    attune.up()  # it may run already
    attune.request("core.sleep", {"seconds": 300})
    attune.kill(attune.pids_of("supervisor")[0])
    attune.down()
    assert attune.processes() == {}
    attune.up()
    assert attune.run("core.noop")["status"] == "succeeded"


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
