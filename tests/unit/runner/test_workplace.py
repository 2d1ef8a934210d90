import signal
import subprocess
import sys
from pathlib import Path

from apps.runner.workplace import clean_up_after_the_dead, kill_processes_of, workplace
from tests.waiting import is_running, wait_for

DIES_AT_WORK = """
import os, signal, subprocess, sys
from pathlib import Path
from apps.runner.workplace import workplace
with workplace(Path(sys.argv[1])) as folder:
    (folder / "7-1" / "deep").mkdir(parents=True)
    nobody = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    left = subprocess.Popen(["sleep", "600"], env={"HOME": str(folder / "7-1")}, start_new_session=True, **nobody)
    print(left.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_folder_is_there_while_its_worker_works_and_gone_afterwards(tmp_path: Path) -> None:
    with workplace(tmp_path / "work") as folder:
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o777 == 0o711
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["lock"]


def test_two_workers_of_one_host_leave_each_other_alone(tmp_path: Path) -> None:
    with workplace(tmp_path) as first:
        (first / "1-1").mkdir()
        with workplace(tmp_path) as second:
            assert first != second
            assert (first / "1-1").is_dir()


def test_what_a_killed_worker_left_is_killed_and_removed_by_the_next(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", DIES_AT_WORK, str(tmp_path)]
    dead = subprocess.run(argv, capture_output=True, check=False, timeout=60)
    assert dead.returncode == -signal.SIGKILL
    left = int(dead.stdout)
    assert is_running(left)
    with workplace(tmp_path) as folder:
        wait_for(lambda: not is_running(left), what="the end of what was left")
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [folder]


def test_who_only_mentions_the_folder_is_not_killed(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], env={"NOTE": f"HOME={tmp_path}/7-1", "HOME": "/"}) as bystander:
        try:
            assert kill_processes_of(tmp_path) == []
            assert is_running(bystander.pid)
        finally:
            bystander.kill()


def test_cleaning_an_empty_place_does_nothing(tmp_path: Path) -> None:
    clean_up_after_the_dead(tmp_path)
    assert list(tmp_path.iterdir()) == []
