"""Warden, supervisors and workers that die, sleep or fall silent: nothing runs on that should not."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from apps.runner import warden_client
from apps.runner.channels import Channels
from apps.runner.control import RunControl
from apps.runner.outcome import Ended, RunResult
from apps.runner.spec import WarmServer
from apps.runner.warden import kernel
from apps.runner.warden_client import Warden, WardenUnavailableError
from tests.integration.runner import worker_program
from tests.integration.runner.bench import Bench, open_descriptors, read_pids
from tests.waiting import is_running, state_of, wait_for

#: tells its own pid, its supervisor's, and those of two descendants in another session
FAMILY = (
    "echo $$ >> {pids}; echo $PPID > {supervisor}; "
    "setsid sh -c 'sleep 1000 & echo $! >> {pids}; echo $$ >> {pids}; wait' & "
    "wait; exit 4"
)
PROJECT = Path(warden_client.__file__).resolve().parents[2]


def family(folder: Path, name: str = "run") -> str:
    return FAMILY.format(pids=folder / f"{name}.pids", supervisor=folder / f"{name}.supervisor")


def pids_of(folder: Path, name: str = "run") -> list[int]:
    (supervisor,) = read_pids(folder / f"{name}.supervisor", 1)
    return [supervisor, *read_pids(folder / f"{name}.pids", 3)]


@contextmanager
def running(bench: Bench, script: str, results: list[RunResult], **changes: object) -> Iterator[None]:
    thread = threading.Thread(target=lambda: results.append(bench.sh(script, **changes)))
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def own_warden() -> Iterator[Warden]:
    """For a test that mistreats it."""
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def own_bench(own_warden: Warden, tmp_path: Path, warm: WarmServer | None) -> Bench:
    return Bench(warden=own_warden, folder=tmp_path, warm=warm)


def pid_of(warden: Warden) -> int:
    assert warden.pid is not None
    return warden.pid


# ── the worker ──


@contextmanager
def worker(folder: Path, *, silence_s: float) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A worker process with two families under way, and the pid of its warden."""
    (folder / "work").mkdir()
    scripts = [family(folder, name) for name in ("requeue", "keep")]
    with subprocess.Popen(
        [sys.executable, worker_program.__file__, str(folder), str(silence_s), *scripts],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        _, pid = process.stdout.readline().split()
        try:
            yield process, int(pid)
        finally:
            process.kill()


def test_everything_is_killed_at_once_when_the_worker_is_killed(tmp_path: Path) -> None:
    with worker(tmp_path, silence_s=3600) as (process, warden):
        pids = [pid for name in ("requeue", "keep") for pid in pids_of(tmp_path, name)]
        process.kill()
        process.wait()

        wait_for(lambda: not any(is_running(pid) for pid in [*pids, warden]), what="the end of everything")
        assert list((tmp_path / "work").iterdir()) == []


def test_what_others_may_take_over_is_killed_when_the_worker_is_stopped(tmp_path: Path) -> None:
    with worker(tmp_path, silence_s=2.0) as (process, warden):
        requeue, keep = pids_of(tmp_path, "requeue"), pids_of(tmp_path, "keep")
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: not any(is_running(pid) for pid in requeue[1:]), what="the kill")
        assert all(is_running(pid) for pid in [*keep, warden])
        for pid in keep[2:]:  # its descendants, so that it ends by itself while the worker sleeps
            with suppress(ProcessLookupError):  # the end of one is the end of the other
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not is_running(keep[1]), what="the end of the other")
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        told = process.stdout.read().splitlines()
        process.wait()

        assert sorted(told) == ["keep exited 4", "requeue lost None"]


def test_a_worker_killed_before_it_could_clean_up_leaves_no_work_dir(tmp_path: Path) -> None:
    with worker(tmp_path, silence_s=3600) as (process, warden):
        pids = [pid for name in ("requeue", "keep") for pid in pids_of(tmp_path, name)]
        process.send_signal(signal.SIGSTOP)
        for name in ("requeue", "keep"):
            os.kill(pids_of(tmp_path, name)[1], signal.SIGKILL)  # the run ends, and the worker does not hear of it
        supervisors = [pids_of(tmp_path, name)[0] for name in ("requeue", "keep")]
        wait_for(lambda: not any(is_running(pid) for pid in pids if pid not in supervisors))
        process.kill()
        process.wait()

        wait_for(lambda: not any(is_running(pid) for pid in [*supervisors, warden]))
        assert list((tmp_path / "work").iterdir()) == []


def test_a_worker_that_only_beats_late_is_no_silence(tmp_path: Path) -> None:
    with worker(tmp_path, silence_s=30.0) as (process, _):
        pids = pids_of(tmp_path, "requeue")
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)  # nothing can be waited for where nothing must happen
        process.send_signal(signal.SIGCONT)

        assert all(is_running(pid) for pid in pids)


@pytest.mark.parametrize("kill_on_silence", [True, False])
def test_what_was_claimed_before_a_silence_does_not_start_after_it(
    tmp_path: Path,
    kill_on_silence: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warden = Warden(silence_s=3600)  # far longer than the runs of this test take
    with monkeypatch.context() as two_hours_ago:
        two_hours_ago.setattr(kernel, "boottime", lambda now=kernel.boottime: now() - 7200)
        warden.start()
    try:
        bench = Bench(warden=warden, folder=tmp_path)
        control = RunControl()
        warden.beat()
        old = bench.sh("echo started", control=control, kill_on_silence=kill_on_silence)
        new = bench.sh("echo started", kill_on_silence=kill_on_silence)

        assert (old.ended, old.stdout_for_result) == (
            (Ended.LOST, b"") if kill_on_silence else (Ended.EXITED, b"started\n")
        )
        assert new.stdout_for_result == b"started\n"
    finally:
        warden.close()


# ── supervisors ──


def test_a_supervisor_that_breaks_means_lost(own_warden: Warden) -> None:
    with Channels(order=b"not an order", stdin=b"", side_input=None) as channels:
        own_warden.spawn(channels.handed_over, claimed_at=kernel.boottime())
        channels.close_theirs()

        assert channels.supervisor.recv(100) == b""
    assert is_running(pid_of(own_warden))


@pytest.mark.skipif(os.geteuid() == 0, reason="the number of root's processes is not limited")
def test_a_warden_that_cannot_fork_tells_it(own_bench: Bench, own_warden: Warden) -> None:
    own_bench.warm = None  # it could not fork a server either
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.prlimit(pid_of(own_warden), resource.RLIMIT_NPROC, (1, hard))
    result = own_bench.sh("true")

    assert (result.ended, result.errno) == (Ended.SPAWN_FAILED, errno.EAGAIN)
    assert result.spawn_error is not None
    assert "forked" in result.spawn_error


def test_a_warden_without_a_free_descriptor_refuses_one_run_and_keeps_the_others(
    own_bench: Bench, own_warden: Warden
) -> None:
    own_bench.warm = None  # it has no descriptor for a server either
    results: list[RunResult] = []
    fifo = own_bench.folder / "fifo"
    os.mkfifo(fifo)
    with running(own_bench, f"echo $$ > {own_bench.folder}/pid; cat {fifo}; exit 5", results):
        read_pids(own_bench.folder / "pid", 1)
        wait_for(lambda: _sleeps(pid_of(own_warden)))
        limit_descriptors(pid_of(own_warden), free=DESCRIPTORS_OF_A_RUN)
        refused = own_bench.sh("true")
        fifo.write_text("go on\n")

    assert (refused.ended, refused.errno) == (Ended.SPAWN_FAILED, errno.EMFILE)
    assert results[0].exit_code == 5


#: control, order, stdin, stdout, stderr, result and error
DESCRIPTORS_OF_A_RUN = 7


def limit_descriptors(pid: int, *, free: int) -> None:
    """To those it has, and so many more."""
    used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    unused = (number for number in range(1_000_000) if number not in used)
    last = next(islice(unused, free - 1, None))
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (last + 1, hard))


def test_a_name_can_be_used_again_at_once(own_bench: Bench) -> None:
    for _ in range(50):
        assert own_bench.sh("sleep 0.01; ls -d .", name="the-same").exit_code == 0


# ── the warden ──


def test_a_killed_warden_takes_its_runs_along_and_is_replaced(own_bench: Bench, own_warden: Warden) -> None:
    first = pid_of(own_warden)
    results: list[RunResult] = []
    with running(own_bench, family(own_bench.folder), results):
        pids = pids_of(own_bench.folder)
        os.kill(first, signal.SIGKILL)

    assert results[0].ended is Ended.LOST
    assert not any(is_running(pid) for pid in pids[1:])
    assert own_bench.sh("echo again").stdout_for_result == b"again\n"
    assert pid_of(own_warden) != first
    assert list(own_bench.work_root.iterdir()) == []


def test_many_runs_that_meet_a_dead_warden_start_one_new_one(own_bench: Bench, own_warden: Warden) -> None:
    os.kill(pid_of(own_warden), signal.SIGKILL)
    results: list[RunResult] = []
    threads = [threading.Thread(target=lambda: results.append(own_bench.sh("exit 6"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    # A run may be handed to the dying one, and is lost then; it never starts twice.
    assert {result.ended for result in results} <= {Ended.EXITED, Ended.LOST}
    assert own_bench.sh("exit 6").exit_code == 6


def test_a_killed_supervisor_means_lost_and_its_orphans_are_gone_by_then(own_bench: Bench, own_warden: Warden) -> None:
    results: list[RunResult] = []
    with running(own_bench, family(own_bench.folder), results):
        supervisor, *others = pids_of(own_bench.folder)
        os.kill(supervisor, signal.SIGKILL)

    assert results[0].ended is Ended.LOST
    assert not any(is_running(pid) for pid in others)
    assert own_bench.sh("exit 6").exit_code == 6


def test_other_runs_do_not_notice_a_killed_supervisor(own_bench: Bench) -> None:
    results: list[RunResult] = []
    fifo = own_bench.folder / "fifo"
    os.mkfifo(fifo)
    with running(own_bench, f"echo $$ > {own_bench.folder}/other; cat {fifo}; exit 5", results):
        read_pids(own_bench.folder / "other", 1)
        lost: list[RunResult] = []
        with running(own_bench, family(own_bench.folder), lost):
            os.kill(pids_of(own_bench.folder)[0], signal.SIGKILL)
        fifo.write_text("go\n")

    assert results[0].exit_code == 5


def test_the_action_dies_even_if_supervisor_and_warden_are_killed_together(
    own_bench: Bench, own_warden: Warden
) -> None:
    results: list[RunResult] = []
    with running(
        own_bench,
        f"echo $$ > {own_bench.folder}/pid; echo $PPID > {own_bench.folder}/sup; exec sleep 1000",
        results,
    ):
        (pid,) = read_pids(own_bench.folder / "pid", 1)
        (supervisor,) = read_pids(own_bench.folder / "sup", 1)
        os.kill(pid_of(own_warden), signal.SIGSTOP)  # so that it cannot do what this test is not about
        os.kill(supervisor, signal.SIGKILL)
        wait_for(lambda: not is_running(pid), what="the end of the action")
        os.kill(pid_of(own_warden), signal.SIGKILL)

    assert results[0].ended is Ended.LOST


def test_nothing_is_left_when_warden_and_supervisor_are_killed_one_after_the_other(
    own_bench: Bench, own_warden: Warden
) -> None:
    results: list[RunResult] = []
    with running(own_bench, family(own_bench.folder), results):
        supervisor, *others = pids_of(own_bench.folder)
        os.kill(supervisor, signal.SIGSTOP)  # so that it cannot do what this test is not about
        os.kill(pid_of(own_warden), signal.SIGKILL)
        os.kill(supervisor, signal.SIGKILL)

    assert results[0].ended is Ended.LOST
    wait_for(lambda: not any(is_running(pid) for pid in others), what="the end of all")


def test_a_supervisor_that_is_not_needed_ends(own_bench: Bench, own_warden: Warden) -> None:
    own_bench.warm = None
    seen: list[int] = []

    def is_seen_again() -> bool:  # the first start may not have been told yet that the run before is over
        seen.append(int(own_bench.sh("echo $PPID").stdout_for_result))
        return seen[-1] in seen[:-1]

    wait_for(is_seen_again, what="one that serves again")
    wait_for(lambda: not any(is_running(pid) for pid in seen), what="their end")
    assert int(own_bench.sh("echo $PPID").stdout_for_result) not in seen


def has_ended(pid: int) -> bool:
    return not is_running(pid)


def test_an_idle_supervisor_that_was_killed_costs_no_run(own_bench: Bench) -> None:
    own_bench.warm = None
    for _ in range(5):
        pid = int(own_bench.sh("echo $PPID").stdout_for_result)
        os.kill(pid, signal.SIGKILL)
        wait_for(partial(has_ended, pid), what="its end")  # until then it could be handed the next one

        assert own_bench.sh("exit 6").exit_code == 6


def test_a_warden_that_does_not_answer_is_killed_and_replaced(own_bench: Bench, own_warden: Warden) -> None:
    first = pid_of(own_warden)
    results: list[RunResult] = []
    with running(own_bench, family(own_bench.folder), results):
        pids = pids_of(own_bench.folder)
        os.kill(first, signal.SIGSTOP)
        while own_warden.pid == first:
            own_warden.beat()

    assert results[0].ended is Ended.LOST
    assert not any(is_running(pid) for pid in [first, *pids[1:]])
    assert own_bench.sh("exit 6").exit_code == 6


def test_a_warden_that_answers_is_left_alone(own_warden: Warden) -> None:
    """Many more beats than may be without an answer."""
    first = pid_of(own_warden)
    for _ in range(100):
        own_warden.beat()
        wait_for(lambda: _sleeps(first), what="its answer")

    assert own_warden.pid == first


def _sleeps(pid: int) -> bool:
    """It has dealt with everything that came: what comes wakes it at once."""
    return state_of(pid) == "S"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_to_a_whole_group_end_neither_warden_nor_supervisor(
    own_bench: Bench, own_warden: Warden, signum: signal.Signals
) -> None:
    results: list[RunResult] = []
    fifo = own_bench.folder / "fifo"
    os.mkfifo(fifo)
    with running(own_bench, f"echo $PPID > {own_bench.folder}/sup; cat {fifo}; exit 3", results):
        (supervisor,) = read_pids(own_bench.folder / "sup", 1)
        os.kill(supervisor, signum)
        os.kill(pid_of(own_warden), signum)
        fifo.write_text("go on\n")

    assert (results[0].ended, results[0].exit_code) == (Ended.EXITED, 3)
    assert is_running(pid_of(own_warden))


def test_closing_the_warden_ends_everything_and_for_good(own_bench: Bench, own_warden: Warden) -> None:
    first = pid_of(own_warden)
    results: list[RunResult] = []
    with running(own_bench, family(own_bench.folder), results):
        pids = pids_of(own_bench.folder)
        own_warden.close()
        assert not any(is_running(pid) for pid in [first, *pids[1:]])

    assert results[0].ended is Ended.LOST
    late = own_bench.sh("true")
    assert late.ended is Ended.LOST
    assert late.spawn_error is not None
    own_warden.close()


@pytest.mark.slow
def test_a_supervisor_that_cannot_end_outlives_no_warden(own_bench: Bench, own_warden: Warden) -> None:
    """Stopped here; one that waits for a file system that hangs hears as little."""
    results: list[RunResult] = []
    with running(own_bench, family(own_bench.folder), results):
        pids = pids_of(own_bench.folder)
        os.kill(pids[0], signal.SIGSTOP)
        own_warden.close()

    assert results[0].ended is Ended.LOST
    wait_for(lambda: not any(is_running(pid) for pid in pids), what="the end of all")


def test_wardens_leave_no_descriptors_and_no_zombies_behind(own_bench: Bench, own_warden: Warden) -> None:
    own_bench.sh("true")
    before = open_descriptors()
    for _ in range(5):
        os.kill(pid_of(own_warden), signal.SIGKILL)
        wait_for(lambda: own_bench.sh("true").ended is Ended.EXITED)

    # Not "==": what earlier tests left to the garbage collector may go meanwhile.
    assert open_descriptors() <= before
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert [pid for pid in children if not is_running(int(pid))] == []


def test_a_warden_that_cannot_start_is_told_and_its_runs_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_descriptors()
    for program in ("/bin/false", "/no/such/python"):
        monkeypatch.setattr(sys, "executable", program)
        warden = Warden()
        with pytest.raises(WardenUnavailableError):
            warden.start()
    bench = Bench(warden=warden, folder=tmp_path)
    result = bench.sh("true")

    assert result.ended is Ended.LOST
    assert result.spawn_error is not None
    assert open_descriptors() <= before


def test_a_warden_is_small_and_holds_nothing_of_the_workers_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://canary")
    warden = Warden()
    warden.start()
    folder = Path(f"/proc/{warden.pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())

    assert "canary" not in (folder / "environ").read_text()
    assert status["Name"].strip() == "attune-warden"
    assert int(status["VmRSS"].split()[0]) < 16 * 1024
    assert int(status["Threads"]) == 1
    warden.close()
    assert warden.pid is None
