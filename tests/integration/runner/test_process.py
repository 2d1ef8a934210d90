"""What a process gets, and what is told of its end."""

import json
import os
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest

from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.outcome import Ended, StopReason, StreamTotals
from apps.runner.output import LogChunk
from apps.runner.redact import Masker
from apps.runner.result import Parsed, mask_value, parse_result
from apps.runner.spec import LogLimits, OutputFormat
from tests.integration.runner.bench import Bench
from tests.waiting import wait_for

#: a program that tells everything about how it was started
TELL = r"""
import json, os, resource, signal, sys
status = dict(line.rstrip('\n').split(':\t', 1) for line in open('/proc/self/status') if ':\t' in line)
print(json.dumps({
    'cwd': os.getcwd(), 'env': dict(os.environ), 'umask': os.umask(0), 'argv': sys.argv,
    'fds': sorted(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd)),
    'sid': os.getsid(0) == os.getpid(), 'pgid': os.getpgid(0) == os.getpid(),
    'blocked': status['SigBlk'], 'ignored': status['SigIgn'],
    'core': resource.getrlimit(resource.RLIMIT_CORE), 'files': resource.getrlimit(resource.RLIMIT_NOFILE),
    'stdin': sys.stdin.read(), 'oom': int(open('/proc/self/oom_score_adj').read()),
}))
"""


def test_exit_code_output_and_duration_are_told(bench: Bench) -> None:
    result = bench.sh("echo out; echo err >&2; exit 7")

    assert (result.ended, result.exit_code, result.signal) == (Ended.EXITED, 7, None)
    assert result.stdout == StreamTotals(total_bytes=4)
    assert result.stderr_tail == b"err\n"
    assert 0 < result.duration_s < 60
    assert result.max_rss_bytes > 0
    assert result.cpu_s > 0
    assert not result.oom
    assert bench.log() == b"out\n"
    assert bench.log(Stream.STDERR) == b"err\n"


def test_the_end_by_a_signal_is_told(bench: Bench) -> None:
    result = bench.sh("kill -SEGV $$")

    assert (result.ended, result.exit_code, result.signal) == (Ended.SIGNALED, None, signal.SIGSEGV)


def test_a_kill_by_somebody_else_is_no_lack_of_memory(bench: Bench) -> None:
    result = bench.sh("kill -KILL $$")

    assert (result.ended, result.signal, result.oom) == (Ended.SIGNALED, signal.SIGKILL, False)


def test_a_process_gets_exactly_what_it_should(bench: Bench) -> None:
    result = bench.run(
        sys.executable,
        "-c",
        TELL,
        "an argument",
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        stdin=b"the input",
    )
    assert result.stderr_tail == b""
    told = json.loads(result.stdout_for_result)

    folder = str(bench.work_root / "1-1")
    assert told["cwd"] == folder
    own = {"PATH", "LANG", "HOME", "TMPDIR", "ATTUNE_RESULT_FD", "ATTUNE_ERROR_FD", "LC_CTYPE"}
    assert set(told["env"]) <= own
    assert (told["env"]["HOME"], told["env"]["TMPDIR"], told["env"]["ATTUNE_RESULT_FD"]) == (
        folder,
        folder,
        "3",
    )
    assert told["argv"] == ["-c", "an argument"]
    assert told["stdin"] == "the input"
    assert told["umask"] == 0o077
    assert told["fds"] == [0, 1, 2, 3, 4]
    assert told["sid"]
    assert told["pgid"]
    assert int(told["blocked"], 16) == 0
    assert int(told["ignored"], 16) & ~(1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)) == 0
    assert told["core"] == [0, 0]
    assert told["files"] == [4096, 4096]
    assert told["oom"] == 500
    assert result.active_limits == ("core", "open_files")


def test_signals_that_python_ignores_are_not_ignored_in_the_action(bench: Bench) -> None:
    result = bench.sh("grep SigIgn /proc/self/status")

    assert int(result.stdout_for_result.split()[1], 16) == 0


def test_the_work_dir_is_private_and_writable(bench: Bench) -> None:
    result = bench.sh("stat -c %a . && touch file && stat -c %a file && ls -A")

    assert result.stdout_for_result.split() == [b"700", b"600", b"file"]


@pytest.mark.parametrize("text", [b"null", b'{"a": 1}', b'"x"'])
def test_the_result_comes_over_its_own_descriptor(bench: Bench, text: bytes) -> None:
    result = bench.sh(f"echo noise; printf %s '{text.decode()}' >&$ATTUNE_RESULT_FD")

    assert result.result_bytes == text
    assert parse_result(result, output_format=OutputFormat.AUTO) == Parsed(value=json.loads(text))


def test_an_error_is_told_over_its_own_descriptor(bench: Bench) -> None:
    result = bench.sh('printf %s \'{"type": "Full"}\' >&$ATTUNE_ERROR_FD; head -c 3000000 /dev/zero >&4; exit 3')

    assert (result.exit_code, len(result.error_bytes)) == (3, 256 * 1024)
    assert result.error_bytes.startswith(b'{"type": "Full"}')
    assert result.result_bytes is None


def test_it_starts_in_another_folder_if_asked(bench: Bench) -> None:
    result = bench.sh('pwd; echo "$HOME"', cwd=Path("/usr"))

    assert result.stdout_for_result.split() == [b"/usr", bytes(bench.work_root / "1-1")]


def test_without_a_word_on_the_descriptor_stdout_is_the_result(bench: Bench) -> None:
    result = bench.sh('echo working; echo \'{"token": "hunter2hunter2"}\'', secrets=(b"hunter2hunter2",))

    parsed = parse_result(result, output_format=OutputFormat.AUTO)
    assert isinstance(parsed, Parsed)
    assert parsed.value == {"token": "hunter2hunter2"}
    assert mask_value(parsed.value, Masker([b"hunter2hunter2"])) == {"token": "***"}
    assert bench.log() == b'working\n{"token": "***"}\n'


def test_a_result_beyond_its_bound_is_drained_and_marked(bench: Bench) -> None:
    result = bench.sh("head -c 3000000 /dev/zero >&3; echo done", result_max_bytes=1000)

    assert (result.ended, result.exit_code) == (Ended.EXITED, 0)
    assert result.result_overflow
    assert result.result_bytes == bytes(1000)


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_a_side_input_is_a_file_that_the_shell_reads_first(bench: Bench, size: int) -> None:
    side_input = b"name='a b'\nsize='" + b"x" * size + b"'\n"
    result = bench.run(
        "/bin/bash",
        "-c",
        '. "/dev/fd/$ATTUNE_ASSIGNMENTS_FD"; echo "$name ${#size}"; cat',
        side_input=side_input,
        stdin=b"stdin",
    )

    assert result.stdout_for_result == b"a b %d\nstdin" % size


def test_an_input_file_is_private_and_holds_the_input(bench: Bench) -> None:
    result = bench.sh('stat -c %a "$ATTUNE_INPUT_FILE"; cat "$ATTUNE_INPUT_FILE"', input_file=b"hunter2")

    assert result.stdout_for_result == b"600\nhunter2"


def test_inputs_are_neither_in_the_environment_nor_on_the_command_line_of_anybody(bench: Bench) -> None:
    result = bench.sh(
        "cat >/dev/null; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | grep -c -a 'canary-[1-3]-xyzzy'",
        stdin=b"canary-1-xyzzy",
        side_input=b"canary-2-xyzzy",
        secrets=(b"canary-3-xyzzy",),
    )

    # grep itself has the pattern, not the words, on its command line
    assert result.stdout_for_result == b"0\n"


def test_artifacts_stay(bench: Bench, tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    bench.sh(f"echo content > {artifacts}/report.txt", artifacts_dir=artifacts)

    assert (artifacts / "report.txt").read_text() == "content\n"
    assert stat.S_IMODE(artifacts.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda path: None, 2),
        (lambda path: (path.write_text("#!/bin/sh\n"), path.chmod(0o600)), 13),
        (lambda path: (path.write_text("no shebang"), path.chmod(0o700)), 8),
        (lambda path: (path.write_text("#!/no/such/interpreter\n"), path.chmod(0o700)), 2),
        (lambda path: path.mkdir(), 13),
    ],
    ids=["missing", "not executable", "no format", "no interpreter", "a folder"],
)
def test_a_program_that_cannot_be_started_is_told_with_its_errno(
    bench: Bench, tmp_path: Path, make: object, number: int
) -> None:
    program = tmp_path / "program"
    make(program)  # type: ignore[operator]

    result = bench.run(str(program))

    assert (result.ended, result.errno) == (Ended.SPAWN_FAILED, number)
    assert (result.exit_code, result.signal) == (None, None)
    assert result.spawn_error is not None
    assert str(program) in result.spawn_error
    assert os.strerror(number) in result.spawn_error


def test_a_work_root_that_is_missing_is_told(bench: Bench, tmp_path: Path) -> None:
    result = bench.sh("true", work_root=tmp_path / "none")

    assert (result.ended, result.errno) == (Ended.SPAWN_FAILED, 2)


def test_arguments_and_environment_may_be_larger_than_any_socket_buffer(bench: Bench) -> None:
    large = "x" * 100_000
    result = bench.run(
        "/bin/sh",
        "-c",
        'echo "$(( ${#1} + ${#2} + ${#3} )) ${#BIG}"',
        "sh",
        large,
        large,
        large,
        env={"PATH": "/bin", "BIG": large},
    )

    assert result.stdout_for_result == b"300000 100000\n"


def test_arguments_that_are_too_long_for_the_kernel_are_told(bench: Bench) -> None:
    result = bench.run("/bin/echo", "x" * 200_000)

    assert (result.ended, result.errno) == (Ended.SPAWN_FAILED, 7)


def test_output_is_heard_as_it_comes(bench: Bench, tmp_path: Path) -> None:
    heard: list[LogChunk] = []
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    thread = threading.Thread(target=bench.sh, args=(f"echo first; cat {fifo}",), kwargs={"on_output": heard.append})
    thread.start()
    wait_for(lambda: [chunk.data for chunk in heard] == [b"first\n"])
    fifo.write_text("second\n")
    thread.join(60)

    assert [(chunk.offset, chunk.data) for chunk in heard] == [(0, b"first\n"), (6, b"second\n")]


def test_a_log_that_cannot_be_written_fails_nothing_but_itself(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    result = bench.sh("head -c 500000 /dev/zero; echo; echo '{\"a\": 1}'", log_dir=tmp_path / "file" / "log")

    assert (result.ended, result.exit_code, result.log_failed) == (Ended.EXITED, 0, True)
    assert result.stdout.truncated_bytes == result.stdout.total_bytes == 500_010
    assert parse_result(result, output_format=OutputFormat.AUTO) == Parsed(value={"a": 1})


def test_a_secret_is_masked_even_when_it_is_written_in_two_halves(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    heard: list[LogChunk] = []
    thread = threading.Thread(
        target=bench.sh,
        args=(f"printf 'xx hunter2'; cat {fifo}",),
        kwargs={"secrets": (b"hunter2-secret",), "on_output": heard.append},
    )
    thread.start()
    wait_for(lambda: heard)
    fifo.write_text("-secret yy\n")
    thread.join(60)

    assert bench.log() == b"xx *** yy\n"


def test_truncation_is_counted_and_told_in_the_log(bench: Bench) -> None:
    limits = LogLimits(head_bytes=100, tail_bytes=100, part_bytes=50, total_bytes=1000)
    result = bench.sh("seq 1 1000", log=limits)

    kept = result.stdout.total_bytes - result.stdout.truncated_bytes
    log = bench.log()
    assert result.stdout.total_bytes == 3893
    assert log.startswith(b"1\n2\n3\n")
    assert log.endswith(b"999\n1000\n")
    assert b"[attune: %d bytes truncated]\n" % (3893 - kept) in log


def test_a_stop_before_the_start_means_that_it_never_starts(bench: Bench, tmp_path: Path) -> None:
    control = RunControl()
    control.stop(StopReason.INTERRUPTED)

    result = bench.sh(f"touch {tmp_path}/started", control=control)

    assert (result.ended, result.stop_reason) == (Ended.STOPPED, StopReason.INTERRUPTED)
    assert not (tmp_path / "started").exists()


def test_an_error_in_the_worker_itself_kills_the_run_before_it_is_raised(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.runner.logfile import LogWriter

    def broken(self: LogWriter, stream: Stream, data: bytes) -> int:
        raise RuntimeError("a bug")

    monkeypatch.setattr(LogWriter, "write", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        bench.sh(f"echo $$ > {tmp_path}/pid; echo go; sleep 1000")

    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
