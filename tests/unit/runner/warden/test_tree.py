import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runner.warden import tree
from tests.waiting import state_of, wait_for

#: a shell with a child and a grandchild, which says when all are there
FAMILY = "(sh -c 'sleep 1000 & echo ready; wait' & wait) & wait"


@pytest.fixture(params=["children files", "scan of /proc"])
def way_of_looking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_HAS_CHILDREN_FILES", request.param == "children files")


@pytest.fixture
def family(way_of_looking: None) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sh", "-c", FAMILY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        tree.kill_tree(process.pid)
        process.kill()


def test_descendants_are_all_generations_with_their_parents(family: subprocess.Popen[bytes]) -> None:
    found = tree.descendants(family.pid)

    assert len(found) >= 3
    assert family.pid not in found
    assert set(found.values()) <= {family.pid, *found}


def test_a_spared_subtree_is_left_out(family: subprocess.Popen[bytes]) -> None:
    (child,) = tree.children(family.pid)

    assert tree.descendants(family.pid, spare={child}) == {}


def test_a_signal_reaches_the_descendants_and_not_the_root(family: subprocess.Popen[bytes]) -> None:
    members = tree.descendants(family.pid)
    tree.signal_tree(family.pid, signal.SIGSTOP)

    wait_for(lambda: all(state_of(pid) == "T" for pid in members))
    assert state_of(family.pid) != "T"


def test_killing_a_tree_kills_every_descendant_and_tells_which(family: subprocess.Popen[bytes]) -> None:
    members = set(tree.descendants(family.pid))

    assert tree.kill_tree(family.pid) == members
    family.wait(30)
    wait_for(lambda: all(state_of(pid) in ("", "Z") for pid in members))


@pytest.mark.usefixtures("way_of_looking")
def test_the_dead_are_not_counted() -> None:
    with subprocess.Popen(["sh", "-c", "true & exec sleep 1000"]) as process:
        wait_for(lambda: [state_of(pid) for pid in tree.children(process.pid)] == ["Z"])

        assert tree.kill_tree(process.pid) == set()
        process.kill()


def test_a_process_that_is_not_ours_is_never_signalled() -> None:
    with subprocess.Popen(["sleep", "1000"]) as process:
        assert not tree._send(process.pid, signal.SIGKILL, parents={1})
        assert process.poll() is None
        process.kill()


def test_a_name_with_brackets_and_blanks_hides_nobody() -> None:
    rename = 'printf ") R 1 (x" > /proc/$$/comm; echo ready; read line'
    with subprocess.Popen(["sh", "-c", rename], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert ") R 1 (x" in Path(f"/proc/{process.pid}/stat").read_text()

        assert tree._living_parent_of(process.pid) == os.getpid()
        process.kill()
