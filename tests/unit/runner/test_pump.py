import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from apps.runner.pump import Pump
from apps.runner.stdin import Feeder
from apps.runner.warden.wire import CANCELED, Report

Pair = tuple[socket.socket, socket.socket]


class NoWork:
    has_deferred_work = False

    def do_deferred_work(self) -> None:
        raise AssertionError("there was nothing to do")


class SomeWork:
    def __init__(self) -> None:
        self.pieces = 3

    @property
    def has_deferred_work(self) -> bool:
        return self.pieces > 0

    def do_deferred_work(self) -> None:
        self.pieces -= 1


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def pipe() -> Iterator[Callable[[], tuple[int, int]]]:
    readers = []

    def make() -> tuple[int, int]:
        reader, writer = os.pipe()
        readers.append(reader)
        return reader, writer

    yield make
    for reader in readers:
        os.close(reader)


def no_input() -> Feeder:
    reader, writer = os.pipe()
    os.close(reader)
    feeder = Feeder(writer, b"")
    feeder.feed()
    return feeder


def test_it_ends_when_the_report_and_the_ends_of_all_streams_are_there(
    pair: Pair, pipe: Callable[[], tuple[int, int]]
) -> None:
    taken: list[bytes] = []
    reader, writer = pipe()
    pump = Pump(pair[0], feeder=no_input(), deferred=NoWork())
    pump.add_stream(reader, taken.append)
    pair[1].send(Report(wait_status=256).encode())
    os.write(writer, b"last words")
    os.close(writer)

    report = pump.run()

    assert report is not None
    assert report.wait_status == 256
    assert b"".join(taken) == b"last words"


def test_no_report_before_the_end_means_that_nobody_was_left(pair: Pair) -> None:
    pair[1].close()

    assert Pump(pair[0], feeder=no_input(), deferred=NoWork()).run() is None


def test_a_report_is_heard_even_if_the_supervisor_never_read_our_stop(pair: Pair) -> None:
    pair[0].send(CANCELED)
    pair[1].send(Report(wait_status=0).encode())
    pair[1].close()  # with something unread, which the kernel tells us as a reset

    report = Pump(pair[0], feeder=no_input(), deferred=NoWork()).run()

    assert report is not None
    assert report.wait_status == 0


def test_a_stranger_that_holds_a_stream_open_is_not_waited_for(pair: Pair, pipe: Callable[[], tuple[int, int]]) -> None:
    reader, writer = pipe()
    pump = Pump(pair[0], feeder=no_input(), deferred=NoWork())
    pump.add_stream(reader, lambda data: None)
    pair[1].send(Report(wait_status=0).encode())

    assert pump.run() is not None
    os.close(writer)


def test_deferred_work_is_done_in_a_quiet_moment(pair: Pair) -> None:
    work = SomeWork()
    pump = Pump(pair[0], feeder=no_input(), deferred=work)
    runner = threading.Thread(target=pump.run)
    runner.start()
    deadline = threading.Event()
    while work.pieces and not deadline.wait(0.01):
        pass
    pair[1].send(Report(wait_status=0).encode())
    runner.join(10)

    assert not runner.is_alive()


def test_input_is_fed_while_output_is_read(pair: Pair, pipe: Callable[[], tuple[int, int]]) -> None:
    input_reader, input_writer = os.pipe()
    output_reader, output_writer = pipe()
    content = os.urandom(500_000)
    taken: list[bytes] = []

    def echo() -> None:
        while data := os.read(input_reader, 4096):
            os.write(output_writer, data)
        os.close(input_reader)
        os.close(output_writer)
        pair[1].send(Report(wait_status=0).encode())

    child = threading.Thread(target=echo)
    child.start()
    pump = Pump(pair[0], feeder=Feeder(input_writer, content), deferred=NoWork())
    pump.add_stream(output_reader, taken.append)
    pump.run()
    child.join(10)

    assert b"".join(taken) == content
