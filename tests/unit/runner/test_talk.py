import os
import select

from apps.runner.stdin import Feeder
from apps.runner.talk import Inbox


def is_ready(inbox: Inbox) -> bool:
    return bool(select.select([inbox.fileno()], [], [], 0)[0])


def test_lines_wait_in_their_order_and_are_taken_at_once() -> None:
    inbox = Inbox()
    assert not is_ready(inbox)
    assert inbox.put(b"one\n")
    assert inbox.put(b"two\n")
    assert is_ready(inbox)

    assert inbox.take() == b"one\ntwo\n"
    assert not is_ready(inbox)
    assert inbox.take() == b""
    inbox.close()


def test_what_finds_no_room_is_refused_and_nothing_of_it_is_kept() -> None:
    inbox = Inbox(max_bytes=8)
    assert inbox.put(b"1234567\n")
    assert not inbox.put(b"8\n")
    assert inbox.take() == b"1234567\n"
    assert inbox.put(b"8\n")
    inbox.close()


def test_a_closed_one_takes_nothing_more() -> None:
    inbox = Inbox()
    inbox.close()
    inbox.close()
    assert not inbox.put(b"late\n")


def test_a_feeder_goes_on_with_its_inbox_and_closes_only_when_nobody_reads() -> None:
    reader, writer = os.pipe()
    inbox = Inbox()
    feeder = Feeder(writer, b"first\n", inbox=inbox)
    feeder.feed()
    assert (feeder.descriptor, feeder.inbox) == (None, inbox)
    inbox.put(b"second\n")
    feeder.feed()
    assert os.read(reader, 100) == b"first\nsecond\n"

    os.close(reader)
    inbox.put(b"third\n")
    feeder.feed()
    assert (feeder.descriptor, feeder.inbox) == (None, None)
    inbox.close()


def test_a_full_pipe_is_waited_for_and_then_gone_on_with() -> None:
    reader, writer = os.pipe()
    inbox = Inbox()
    feeder = Feeder(writer, b"x" * 200_000, inbox=inbox)
    feeder.feed()
    assert (feeder.descriptor, feeder.inbox) == (writer, None)
    inbox.put(b"end\n")
    taken = b""
    while not taken.endswith(b"end\n"):
        taken += os.read(reader, 65536)
        feeder.feed()
    assert len(taken) == 200_004
    feeder.close()
    os.close(reader)
    inbox.close()
