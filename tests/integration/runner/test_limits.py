"""Limits, other users and lack of memory."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runner.outcome import Ended
from apps.runner.spec import Limits, RunAs
from tests.integration.runner.bench import Bench

NOBODY = RunAs(uid=65534, gid=65534)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")

#: a memory group of cgroup v1, and of v2 where we may delegate
GROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A control group with 30 MB of memory, for a process to enter."""
    root = next((root for root in GROUPS if (root / "cgroup.procs").exists() and os.access(root, os.W_OK)), None)
    if root is None:
        pytest.skip("no control group can be made here")
    group = root / f"attune-test-{os.getpid()}"
    try:
        group.mkdir()
        limit = group / ("memory.limit_in_bytes" if root.name == "memory" else "memory.max")
        limit.write_text("30000000")
    except OSError as error:
        if group.exists():
            group.rmdir()
        pytest.skip(f"no memory limit can be set here: {error}")
    yield group
    group.rmdir()


def test_limits_are_those_that_were_asked_for(bench: Bench) -> None:
    limits = Limits(open_files=100, file_size_bytes=1024 * 1024, cpu_s=7)
    result = bench.sh("ulimit -n; ulimit -Hn; ulimit -t; ulimit -Ht; ulimit -f; ulimit -c", limits=limits)

    assert result.stdout_for_result.split() == [b"100", b"100", b"7", b"12", b"2048", b"0"]
    assert result.active_limits == ("core", "open_files", "file_size_bytes", "cpu_s")


def test_limits_of_one_run_are_not_those_of_the_next(bench: Bench) -> None:
    told = [
        bench.sh("ulimit -n; ulimit -Hn; ulimit -f", limits=limits).stdout_for_result.split()
        for limits in (Limits(open_files=100, file_size_bytes=512 * 20), Limits(), Limits(open_files=200), Limits())
    ]

    usual = [b"4096", b"4096", b"unlimited"]
    assert told == [[b"100", b"100", b"20"], usual, [b"200", b"200", b"unlimited"], usual]


def test_what_one_run_has_used_is_not_counted_of_the_next(bench: Bench) -> None:
    large = bench.run(sys.executable, "-S", "-c", "bytearray(200_000_000); [n for n in range(2_000_000)]")
    small = bench.sh("true")

    assert large.max_rss_bytes > 200_000_000
    assert small.max_rss_bytes < 100_000_000
    assert small.cpu_s < large.cpu_s


def test_an_action_is_a_likelier_victim_than_what_started_it(bench: Bench) -> None:
    result = bench.sh("cat /proc/self/oom_score_adj /proc/$PPID/oom_score_adj")

    action, parent = map(int, result.stdout_for_result.split())
    assert action == 500
    assert parent < 500 or bench.warm is not None


def test_without_limits_open_files_are_the_workers(bench: Bench) -> None:
    import resource

    result = bench.sh("ulimit -Sn; ulimit -Hn", limits=Limits(open_files=None))

    assert [int(value) for value in result.stdout_for_result.split()] == list(
        resource.getrlimit(resource.RLIMIT_NOFILE)
    )


def test_a_file_that_becomes_too_large_ends_its_writer_and_not_its_log(bench: Bench) -> None:
    limits = Limits(file_size_bytes=100_000)
    result = bench.sh("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero > file", limits=limits)

    assert result.exit_code == 128 + signal.SIGXFSZ
    assert result.stdout.total_bytes == 1_000_000


def test_too_much_cpu_time_ends_by_sigxcpu(bench: Bench) -> None:
    result = bench.run(sys.executable, "-S", "-c", "while True: pass", limits=Limits(cpu_s=1))

    assert (result.ended, result.signal) == (Ended.SIGNALED, signal.SIGXCPU)


def test_a_program_over_its_address_space_sees_its_allocations_fail(bench: Bench) -> None:
    limits = Limits(address_space_bytes=200_000_000)
    result = bench.run(sys.executable, "-S", "-c", "bytearray(500_000_000)", limits=limits)

    assert (result.ended, result.exit_code, result.oom) == (Ended.EXITED, 1, False)
    assert b"MemoryError" in result.stderr_tail


def test_lack_of_memory_is_told_apart(bench: Bench, memory_group: Path) -> None:
    result = bench.sh(f"echo $$ > {memory_group}/cgroup.procs; exec {sys.executable} -S -c 'bytearray(500_000_000)'")

    assert (result.ended, result.signal, result.oom) == (Ended.SIGNALED, signal.SIGKILL, True)


@needs_root
def test_an_action_runs_as_another_user_in_folders_of_its_own(bench: Bench, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-2]):  # pytest makes its folders 0700
        folder.chmod(0o711)
    artifacts = tmp_path / "artifacts"
    result = bench.sh(
        "id -u; id -g; id -G; grep -c . $ATTUNE_INPUT_FILE; "
        f"touch here {artifacts}/there; stat -c %u . here; cat /etc/shadow",
        run_as=NOBODY,
        input_file=b"x\n",
        artifacts_dir=artifacts,
    )

    assert result.stdout_for_result.split() == [b"65534", b"65534", b"65534", b"1", b"65534", b"65534"]
    assert b"Permission denied" in result.stderr_tail
    assert (artifacts / "there").stat().st_uid == 65534


@needs_root
def test_descendants_of_another_user_are_killed_too(bench: Bench, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o711)
    result = bench.sh("setsid sleep 1000 & sleep 1000 & exit 0", run_as=NOBODY)

    assert (result.exit_code, result.killed_descendants) == (0, 2)


@needs_root
def test_an_action_of_another_user_dies_with_its_supervisor_too(bench: Bench, tmp_path: Path) -> None:
    # A change of user clears the parent-death signal: it must be asked for afterwards.
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o711)
    script = "import ctypes; n = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(n)); print(n.value)"
    result = bench.run("/usr/bin/python3", "-I", "-c", script, run_as=NOBODY)

    assert result.stdout_for_result == b"%d\n" % signal.SIGKILL


@needs_root
def test_processes_of_a_user_are_limited(bench: Bench, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o711)
    user = RunAs(uid=64_000, gid=64_000)  # nobody has processes
    result = bench.sh("sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait", run_as=user, limits=Limits(processes=3))

    assert b"fork" in result.stderr_tail


@needs_root
def test_a_work_root_the_user_cannot_pass_through_is_told(bench: Bench, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    result = bench.sh("true", run_as=NOBODY)

    assert (result.ended, result.errno) == (Ended.SPAWN_FAILED, 13)
    assert result.spawn_error is not None
    assert "work directory" in result.spawn_error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may change users")
def test_without_root_another_user_is_refused(bench: Bench) -> None:
    bench.warm = None  # nor is there a server of that user
    result = bench.sh("true", run_as=NOBODY)

    assert (result.ended, result.errno) == (Ended.SPAWN_FAILED, 1)


def test_a_time_limit_longer_than_one_wait_of_the_kernel_is_no_obstacle(bench: Bench) -> None:
    """`poll` takes 2,147,483,647 ms at most, a good three weeks."""
    result = bench.sh("echo through", timeout_s=31_536_000)

    assert (result.ended, result.stdout_for_result) == (Ended.EXITED, b"through\n")
