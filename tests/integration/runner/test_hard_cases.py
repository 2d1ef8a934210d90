"""Processes that do not want to end, to read, or to be found."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.outcome import Ended, RunResult, StopReason
from apps.runner.result import Parsed, parse_result
from apps.runner.spec import LogLimits, OutputFormat
from apps.runner.warden import tree
from apps.runner.warden_client import Warden
from tests.integration.runner.bench import Bench, open_descriptors, read_pids
from tests.waiting import is_running, state_of, wait_for

#: a double fork: the grandchild's parent ends at once
DOUBLE_FORK = "( ( setsid sh -c 'echo $$ >> {pids}; exec sleep 1000' & ) & );"


class Background:
    """A run in a thread of its own."""

    def __init__(self, start: Callable[[], RunResult]) -> None:
        self._results: list[RunResult] = []
        self._thread = threading.Thread(target=lambda: self._results.append(start()))
        self._thread.start()

    def result(self) -> RunResult:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self._results[0]


# ── input ──


def test_a_megabyte_for_a_child_that_never_reads_does_not_hang(bench: Bench) -> None:
    result = bench.sh("echo done", stdin=bytes(1_000_000))

    assert (result.ended, result.exit_code) == (Ended.EXITED, 0)
    assert bench.log() == b"done\n"


def test_a_child_that_closes_its_input_goes_on_undisturbed(bench: Bench) -> None:
    result = bench.sh("exec <&-; sleep 0.1; echo done", stdin=bytes(1_000_000))

    assert (result.ended, result.exit_code) == (Ended.EXITED, 0)


def test_a_large_input_arrives_whole(bench: Bench) -> None:
    result = bench.sh("sha256sum", stdin=bytes(5_000_000))

    assert result.stdout_for_result.split()[0] == hashlib.sha256(bytes(5_000_000)).hexdigest().encode()


# ── output ──


@pytest.mark.slow
def test_a_gigabyte_of_output_takes_no_memory(bench: Bench) -> None:
    bench.sh("head -c 1000000 /dev/zero")
    before = peak_memory()
    result = bench.sh("head -c 1000000000 /dev/zero")

    assert (result.ended, result.exit_code) == (Ended.EXITED, 0)
    assert result.stdout.total_bytes == 1_000_000_000
    assert result.stdout.truncated_bytes >= 1_000_000_000 - 10 * 1024 * 1024
    assert peak_memory() - before <= 20 * 1024
    assert sum(path.stat().st_size for path in bench.log_dir().iterdir()) <= 10 * 1024 * 1024


def test_a_hundred_megabytes_without_a_line_feed_are_output_like_any_other(bench: Bench) -> None:
    before = peak_memory()
    result = bench.sh(
        "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo 17",
        secrets=(b"hunter2-secret",),
        output_format=OutputFormat.JSON,
    )

    assert result.stdout.total_bytes == 100_000_004
    assert parse_result(result, output_format=OutputFormat.JSON) == Parsed(value=17)
    assert peak_memory() - before <= 20 * 1024


def test_bytes_that_are_no_text_stay_as_they_are(bench: Bench) -> None:
    bench.sh(r"printf 'a\377\376\200b\n'; printf '\303' >&2")

    assert bench.log() == b"a\xff\xfe\x80b\n"
    assert bench.log(Stream.STDERR) == b"\xc3"


def test_both_streams_at_full_speed_neither_block_nor_mix(bench: Bench) -> None:
    result = bench.sh("(head -c 20000000 /dev/zero | tr '\\0' e >&2) & head -c 20000000 /dev/zero | tr '\\0' o; wait")

    assert result.stdout.total_bytes == result.stderr.total_bytes == 20_000_000
    for stream, letter in ((Stream.STDOUT, b"o"), (Stream.STDERR, b"e")):
        part = LogReader(bench.log_dir()).tail(stream, 1_000_000)
        assert part.data == letter * len(part.data)


def test_complete_parts_are_compressed_while_the_run_is_quiet(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    limits = LogLimits(head_bytes=1000, tail_bytes=100_000, part_bytes=10_000, total_bytes=1_000_000)
    run = Background(lambda: bench.sh(f"seq 1 10000; cat {fifo}", log=limits))
    wait_for(lambda: len(list(bench.log_dir().glob("stdout.*.gz"))) >= 4, what="compression")
    fifo.write_text("end\n")

    assert run.result().exit_code == 0


# ── descendants ──


@pytest.mark.parametrize(
    "script",
    [
        "setsid sh -c 'echo $$ >> {pids}; exec sleep 1000' & ",
        DOUBLE_FORK,
        "nohup sh -c 'echo $$ >> {pids}; exec sleep 1000' >/dev/null 2>&1 & ",
        "sh -c 'trap \"\" TERM HUP INT; echo $$ >> {pids}; while :; do sleep 1; done' & ",
    ],
    ids=["setsid", "double fork", "nohup", "ignores signals"],
)
def test_what_a_process_leaves_behind_is_killed_before_the_end_is_told(
    bench: Bench, tmp_path: Path, script: str
) -> None:
    pids = tmp_path / "pids"
    result = bench.sh(script.format(pids=pids) + f" while ! [ -s {pids} ]; do sleep 0.01; done; exit 3")

    assert (result.ended, result.exit_code) == (Ended.EXITED, 3)
    assert result.killed_descendants >= 1
    assert result.unkillable_descendants == 0
    assert not any(is_running(pid) for pid in read_pids(pids, 1))


def test_a_grandchild_that_holds_stdout_does_not_hold_up_the_end(bench: Bench) -> None:
    result = bench.sh("sleep 1000 & echo done")

    assert result.exit_code == 0
    assert result.killed_descendants == 1
    assert bench.log() == b"done\n"


def test_processes_that_fork_all_the_time_do_not_get_away(bench: Bench, tmp_path: Path) -> None:
    # Each generation forks the next and ends: whoever looks for it sees it late.
    runner = tmp_path / "runner.sh"
    runner.write_text('#!/bin/sh\necho $$ >> "$1"\n"$0" "$1" &\n')
    runner.chmod(0o700)
    pids = tmp_path / "pids"
    pids.touch()
    result = bench.sh(f"setsid {runner} {pids} & while [ $(wc -l < {pids}) -lt 50 ]; do sleep 0.01; done 2>/dev/null")
    size = pids.stat().st_size

    assert result.ended is Ended.EXITED
    assert not any(is_running(pid) for pid in read_pids(pids, 50)[-5:])
    assert pids.stat().st_size == size


def test_zombies_of_descendants_are_reaped_while_the_process_runs(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    pids = tmp_path / "pids"
    run = Background(lambda: bench.sh(f"(sh -c 'echo $$ >> {pids}' &) ; cat {fifo}"))
    (orphan,) = read_pids(pids, 1)
    wait_for(lambda: not Path(f"/proc/{orphan}").exists(), what="the orphan's reaping")
    fifo.write_text("")

    assert run.result().killed_descendants == 0


# ── timeout and stop ──


def once_ready(bench: Bench, script: str, *, timeout_s: float, **changes: object) -> RunResult:
    """With so much more time, until the script has said that it is ready: a busy machine starts it late."""
    while True:
        result = bench.sh(script, timeout_s=timeout_s, **changes)
        if bench.log().startswith(b"ready\n"):
            return result
        timeout_s *= 5


def test_a_timeout_ends_a_process_by_term(bench: Bench) -> None:
    result = once_ready(bench, "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done", timeout_s=0.5)

    assert (result.ended, result.exit_code) == (Ended.TIMEOUT, 5)
    assert bench.log() == b"ready\nbye\n"
    assert result.duration_s >= 0.5


def test_a_process_that_ignores_term_is_killed_after_the_grace(bench: Bench) -> None:
    result = once_ready(bench, "trap '' TERM; echo ready; while :; do sleep 0.05; done", timeout_s=0.2, grace_s=0.3)

    assert (result.ended, result.signal) == (Ended.TIMEOUT, signal.SIGKILL)
    assert not result.oom


def test_term_reaches_the_whole_tree_and_all_share_the_grace(bench: Bench, tmp_path: Path) -> None:
    # The main process dies of TERM at once; its child needs a moment to clean up.
    script = tmp_path / "child.sh"
    script.write_text(
        f"trap 'sleep 0.3; echo cleaned > {tmp_path}/cleaned; exit' TERM\n"
        f"echo $$ > {tmp_path}/pid\n"
        "while :; do sleep 0.01; done\n"
    )
    control = RunControl()
    run = Background(lambda: bench.sh(f"setsid sh {script} & exec sleep 1000", control=control, grace_s=30))
    read_pids(tmp_path / "pid", 1)
    control.stop(StopReason.CANCELED)
    result = run.result()

    assert (result.ended, result.stop_reason, result.signal) == (
        Ended.STOPPED,
        StopReason.CANCELED,
        signal.SIGTERM,
    )
    assert (tmp_path / "cleaned").read_text() == "cleaned\n"
    assert result.killed_descendants == 0


def test_a_stopped_process_notices_term(bench: Bench, tmp_path: Path) -> None:
    control = RunControl()
    run = Background(
        lambda: bench.sh(f"trap 'exit 9' TERM; echo $$ > {tmp_path}/pid; kill -STOP $$", control=control, grace_s=30)
    )
    (pid,) = read_pids(tmp_path / "pid", 1)
    wait_for(lambda: state_of(pid) == "T")
    control.stop(StopReason.CANCELED)

    assert run.result().exit_code == 9


def test_a_second_stop_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    control = RunControl()
    run = Background(
        lambda: bench.sh(
            f"trap 'echo term >> {tmp_path}/terms; sleep 0.2; exit' TERM; echo $$ > {tmp_path}/pid; "
            "while :; do sleep 0.01; done",
            control=control,
            grace_s=30,
        )
    )
    read_pids(tmp_path / "pid", 1)
    control.stop(StopReason.INTERRUPTED)
    wait_for((tmp_path / "terms").exists)
    control.stop(StopReason.CANCELED)

    assert run.result().stop_reason is StopReason.INTERRUPTED
    assert (tmp_path / "terms").read_text() == "term\n"


def test_stops_at_any_moment_end_every_run_and_never_lose_a_term(bench: Bench) -> None:
    # Also before the exec, when a TERM could hit a process that is not yet the action.
    for number in range(60):
        control = RunControl()
        run = Background(lambda: bench.run("/bin/sleep", "1000", control=control, grace_s=30))  # noqa: B023
        time.sleep(number * 0.0001)
        control.stop(StopReason.CANCELED)
        result = run.result()

        assert result.ended is Ended.STOPPED
        assert result.signal in (None, signal.SIGTERM)


def test_a_stop_that_comes_after_the_end_leaves_the_end(bench: Bench) -> None:
    for _ in range(60):
        control = RunControl()
        run = Background(lambda: bench.run("/bin/true", control=control))  # noqa: B023
        wait_for(lambda: control._supervisor is not None or run._results)  # noqa: B023
        control.stop(StopReason.CANCELED)
        result = run.result()

        assert (result.ended, result.exit_code) in (
            (Ended.EXITED, 0),
            (Ended.STOPPED, None),
            (Ended.STOPPED, 0),
        )
        assert result.stop_reason in (None, StopReason.CANCELED)


# ── many ──


def test_fifty_at_once_do_not_disturb_each_other(bench: Bench) -> None:
    def start(number: int) -> Background:
        script = f"cat; echo {number}; exit {number}"
        return Background(lambda: bench.sh(script, stdin=b"%d," % number * 20_000))

    runs = [start(number) for number in range(50)]
    for number, run in enumerate(runs):
        result = run.result()
        assert (result.ended, result.exit_code) == (Ended.EXITED, number)
        assert result.stdout_for_result.endswith(b"%d\n" % number)
        assert result.stdout.total_bytes == len(b"%d," % number * 20_000 + b"%d\n" % number)


def test_nothing_is_left_open_after_two_hundred_runs(bench: Bench, warden: Warden) -> None:
    pid = warden.pid
    assert pid is not None

    def descriptors() -> tuple[int, int]:
        return open_descriptors(), open_descriptors(pid)

    bench.sh("true")
    wait_for(lambda: runs_of(pid) == 0)
    before = descriptors()
    for number in range(200):
        bench.sh("echo x; sleep 100 & exit 1" if number % 4 == 0 else "echo x", timeout_s=100)
        if number % 10 == 0:
            bench.run("/no/such/program")
    wait_for(lambda: runs_of(pid) == 0, what="the end of all supervisors and keepers")
    # One less is as well: what the first run made may have been given back meanwhile.
    wait_for(lambda: all(now <= then for now, then in zip(descriptors(), before, strict=True)), what=f"{before} again")


def runs_of(warden: int) -> int:
    """Supervisors and keepers, zombies too. What else is below a warden are its servers."""
    return sum(name_of(pid) == "attune-run" for pid in tree.descendants(warden))


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def peak_memory() -> int:
    """KiB this process has ever had in memory."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])
