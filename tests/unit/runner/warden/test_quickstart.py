"""Starts that share memory, and what is heard of those that fail."""

import array
import fcntl
import os
import termios

import pytest

from apps.runner.warden import quickstart
from apps.runner.warden.quickstart import NotStarted, QuickStart, guard_pipe
from apps.runner.warden.wire import Order, Stage
from tests.waiting import wait_for

#: where `fork_exec` takes the descriptor of its child's last word
_REPORT = 13


def order(*argv: bytes) -> Order:
    return Order(
        argv=argv,
        environment=(b"PATH=/bin",),
        work_dir=b"/",
        cwd=b"/",
        timeout_s=None,
        grace_s=0.0,
        kill_on_silence=False,
        run_as=None,
        rlimits=(),
    )


def slow_fork_exec(*arguments: object) -> int:
    """As where the kernel forks instead: our process goes on while the child says its last word, bit by bit."""
    report = arguments[_REPORT]
    assert isinstance(report, int)
    pid = os.fork()
    if pid == 0:
        try:
            for part in (b"OSError:", b"2", b":"):
                os.write(report, part)
                wait_for(lambda: _is_read(report))
        finally:
            os._exit(255)
    return pid


def _is_read(pipe: int) -> bool:
    waiting = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    return waiting[0] == 0


def test_a_last_word_that_comes_in_pieces_is_heard_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickstart, "_fork_exec", slow_fork_exec)
    reader, writer = guard_pipe()
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        with pytest.raises(NotStarted) as failed:
            QuickStart(guard=reader).start(order(b"/no/such/program"), [null] * 3)
    finally:
        for descriptor in (reader, writer, null):
            os.close(descriptor)

    assert (failed.value.stage, failed.value.errno) == (Stage.EXEC, 2)
