import socket
from collections.abc import Iterator

import pytest

from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runner.warden.wire import CANCELED, INTERRUPTED

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.setblocking(False)
        yield ours, theirs


def heard(theirs: socket.socket) -> list[bytes]:
    messages = []
    try:
        while True:
            messages.append(theirs.recv(10))
    except BlockingIOError:
        return messages


def test_a_stop_reaches_the_supervisor_once_and_the_first_reason_stays(pair: Pair) -> None:
    control = RunControl()
    control.attach(pair[0])
    control.stop(StopReason.INTERRUPTED)
    control.stop(StopReason.CANCELED)

    assert heard(pair[1]) == [INTERRUPTED]
    assert control.stop_reason is StopReason.INTERRUPTED


def test_a_stop_that_came_before_the_run_is_told_when_there_is_one(pair: Pair) -> None:
    control = RunControl()
    control.stop(StopReason.CANCELED)
    control.attach(pair[0])

    assert heard(pair[1]) == [CANCELED]


def test_a_stop_after_the_end_does_nothing(pair: Pair) -> None:
    control = RunControl()
    control.attach(pair[0])
    control.detach()
    control.stop(StopReason.CANCELED)

    assert heard(pair[1]) == []


def test_a_stop_of_a_supervisor_that_is_gone_does_nothing(pair: Pair) -> None:
    control = RunControl()
    control.attach(pair[0])
    pair[1].close()

    control.stop(StopReason.CANCELED)
