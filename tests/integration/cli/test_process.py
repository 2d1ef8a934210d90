"""The command line as a process: signals, pipes, terminals, bytes, and what a start imports."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.cli.canned import Answer, Canned, page, problem
from tests.integration.cli.recorded import execution, waiting
from tests.integration.cli.test_run import end, events, log

#: Generous: this machine may be busy.
_DEADLINE_S = 60
EXECUTIONS = "/api/v1/executions"
SEVENTEEN = f"{EXECUTIONS}/17"


@pytest.fixture
def environ(canned: Canned, tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    return kept | {
        "HOME": str(tmp_path),
        "TZ": "UTC",
        "TERM": "xterm",
        "PYTHONUTF8": "1",
        "ATTUNE_URL": canned.url,
        "ATTUNE_TOKEN": "a-token",
    }


def run(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*words), env=environ, capture_output=True, timeout=_DEADLINE_S, check=False)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "apps.cli", *words]


def test_a_log_passes_through_a_pipe_byte_for_byte(environ: dict[str, str], canned: Canned) -> None:
    text = "one\x1b[2J\r\ntwo ä"
    canned.on("GET", f"{SEVENTEEN}/logs", Answer(text.encode(), content_type="text/plain; charset=utf-8"))
    assert run(environ, "execution", "logs", "17").stdout == text.encode()


def test_ctrl_c_leaves_the_execution_alone_and_says_how_to_look_again(environ: dict[str, str], canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    canned.on("GET", SEVENTEEN, waiting())
    # A shell that started the tests in its background has told them, and so their children, to ignore Ctrl-C.
    argv = ["env", "--default-signal=INT", *command("run", "examples.hello", "--wait")]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it waits
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_DEADLINE_S)
    assert process.returncode == 130
    assert out == b""
    assert err.decode() == (
        "execution 17 goes on\n"
        "  to look again: attune execution watch 17\n"
        "  to end it:     attune execution cancel 17\n"
    )
    assert not [asked for asked in canned.asked if asked.path.endswith("/cancel")]


def test_a_closed_pipe_ends_it_quietly(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page(*(execution(number) for number in range(500))))
    with subprocess.Popen(
        command("execution", "list", "--limit", "500", "--json"),
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=_DEADLINE_S) == 141


def test_on_a_terminal_a_table_has_colours_and_fits(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page(waiting()))
    shown = on_terminal(environ, "execution", "list", columns=60)
    assert "\x1b[33mdelayed\x1b[0m" in shown
    assert "position 2" in shown
    assert "where 1 of 1 run" not in shown


def test_no_color_means_none(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page(waiting()))
    assert "\x1b" not in on_terminal(environ | {"NO_COLOR": "1"}, "execution", "list")


def test_a_terminal_gets_the_colours_of_a_log_and_nothing_else_of_it(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", SEVENTEEN, execution(status="running"))
    text = r"\u001b[31mred\u001b[0m \u001b[2J\u001b]0;owned\u0007"
    canned.on("GET", f"{SEVENTEEN}/logs", events(log("", "1-0").replace(b'""', f'"{text}"'.encode()), end("succeeded")))
    shown = on_terminal(environ, "execution", "logs", "17", "-f")
    assert "\x1b[31mred\x1b[0m \\x1b[2J\\x1b]0;owned\\x07" in shown


def test_a_status_line_is_gone_when_the_waiting_is_over(environ: dict[str, str], canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    canned.on("GET", SEVENTEEN, waiting(), execution(result="done"))
    shown = on_terminal(environ, "run", "examples.hello", "--wait")
    assert "execution 17 delayed: position 2" in shown
    assert shown.endswith("\r\x1b[2Kdone\r\n")


def test_without_a_profile_it_is_said_how_to_get_one(environ: dict[str, str]) -> None:
    del environ["ATTUNE_URL"]
    ended = run(environ, "execution", "list")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"script/up" in ended.stderr


def test_nobody_there_is_exit_code_3(environ: dict[str, str]) -> None:
    ended = run(environ, "--url", "http://127.0.0.1:1", "execution", "list")
    assert ended.returncode == 3
    assert b"error: unreachable: No Attune answers at http://127.0.0.1:1: connection refused." in ended.stderr


def test_something_else_there_is_exit_code_3(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", "/api/v1/auth/me", Answer(b"<html>", content_type="text/html"))
    ended = run(environ, "whoami")
    assert ended.returncode == 3
    assert b"is no Attune: it sends text/html instead of JSON." in ended.stderr


def test_a_missing_token_is_explained(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", "/api/v1/auth/me", problem(401, "not_authenticated", "No credentials."))
    ended = run(environ, "whoami")
    assert ended.returncode == 1
    assert b"error: not_authenticated: No credentials.\n" in ended.stderr
    assert b"attune token create NAME" in ended.stderr


def test_an_answer_of_another_shape_is_a_bug_without_a_traceback(environ: dict[str, str], canned: Canned) -> None:
    canned.on("GET", "/api/v1/auth/me", {"name": "changed"})
    ended = run(environ, "whoami")
    assert ended.returncode == 1
    assert b"error: internal_error: KeyError: 'username'\n" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        (("--help",), {"httpx", "rich", "pydantic", "yaml"}),
        (("execution", "list", "--help"), {"httpx", "rich", "pydantic", "yaml"}),
        (("run", "examples.hello", "--label", "a=b", "--wait"), {"rich", "pydantic", "yaml"}),
    ],
)
def test_a_start_imports_only_what_it_needs(
    environ: dict[str, str], canned: Canned, words: tuple[str, ...], unwanted: set[str]
) -> None:
    canned.on("POST", EXECUTIONS, Answer(execution(), 201))
    program = (
        "import sys\n"
        "from apps.cli.main import main\n"
        "try:\n    main()\n"
        "finally:\n    print('\\n' + ' '.join(sys.modules))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], env=environ, capture_output=True, timeout=_DEADLINE_S, check=False
    )
    assert ended.returncode == 0
    imported = {name.partition(".")[0] for name in ended.stdout.decode().rstrip().rpartition("\n")[2].split()}
    assert not imported & unwanted


def on_terminal(environ: Mapping[str, str], *words: str, columns: int = 100) -> str:
    """What a terminal of this width is sent."""
    with (
        _terminal(columns) as (ours, theirs),
        subprocess.Popen(command(*words), env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as process,
    ):
        os.close(theirs)
        shown = b"".join(_until_closed(ours))
        assert process.wait(timeout=_DEADLINE_S) == 0
    return shown.decode()


@contextmanager
def _terminal(columns: int) -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # how Linux says that nobody holds the other end
            return
        if not data:
            return
        yield data


def test_a_terminal_sees_how_the_line_moves_on(environ: dict[str, str], canned: Canned) -> None:
    def standing(position: int) -> dict[str, object]:
        return waiting(reason={"code": "waiting_for_slot", "text": f"position {position}", "position": position})

    canned.on("POST", EXECUTIONS, Answer(standing(4), 201))
    running = execution(status="running", ended_at=None, started_at="2999-01-01T00:00:00Z")
    canned.on("GET", SEVENTEEN, standing(1), running, execution(result="done"))
    shown = on_terminal(environ, "run", "examples.hello", "--wait")
    assert "  0 %  execution 17 delayed: position 4" in shown
    assert " 75 %  execution 17 delayed: position 1" in shown
    assert "execution 17 running  0.00s of at most 5m00s" in shown
