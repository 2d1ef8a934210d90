"""What must be gone, and what must not have grown."""

import os
import subprocess
from pathlib import Path

from chaos.checker import Rule
from chaos.leftovers import Size, check_actions, check_growth, check_processes, check_slots, sizes
from tests.waiting import wait_for


def test_descriptors_and_memory_that_grow_are_told() -> None:
    before = {"web": Size(20, 100.0)}
    assert check_growth(before, {"web": Size(25, 120.0)}) == []
    assert [item.rule for item in check_growth(before, {"web": Size(200, 100.0)})] == [Rule.GROWN]
    assert [item.rule for item in check_growth(before, {"web": Size(20, 500.0)})] == [Rule.GROWN]


def test_a_process_is_measured_and_one_that_has_ended_is_not() -> None:
    found = sizes({"me": os.getpid(), "nobody": 4194304})
    assert set(found) == {"me"}
    assert found["me"].descriptors > 0
    assert found["me"].mib > 1


def test_a_slot_that_is_held_when_nothing_runs_is_told() -> None:
    gate = {"gate": 1, "waiting": 0, "running": 0}
    assert check_slots({}, [gate]) == []
    assert [item.rule for item in check_slots({"{slots}:1:x:7": 5}, [{**gate, "running": 1}])] == [Rule.SLOT_LEFT] * 2


def test_a_process_that_works_in_the_folder_is_told(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"], cwd=tmp_path, env={"HOME": f"{tmp_path}/work/7-1"})
    try:
        wait_for(lambda: check_processes(tmp_path), what="the process to be seen")
        (left,) = check_processes(tmp_path)
        assert (left.rule, str(process.pid) in left.text) == (Rule.PROCESS_LEFT, True)
        assert len(check_actions(tmp_path / "work")) == 1
        assert check_actions(tmp_path / "elsewhere") == []
    finally:
        process.kill()
        process.wait()
    assert check_processes(tmp_path) == []
