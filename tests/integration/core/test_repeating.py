"""A thread that does one thing again and again."""

import threading

import pytest

from apps.core.repeating import Repeating
from tests.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_does_its_deed_at_once_and_again_although_it_fails() -> None:
    done = []

    def deed() -> None:
        done.append(threading.current_thread().name)
        raise RuntimeError("a bug")

    repeating = Repeating("tester", deed, every_s=0.01)
    repeating.start()
    wait_for(lambda: len(done) >= 3)
    repeating.stop()
    so_far = len(done)
    assert set(done) == {"tester"}
    assert "tester" not in {thread.name for thread in threading.enumerate()}
    assert len(done) == so_far


def test_the_deed_may_say_when_it_wants_to_be_next() -> None:
    done = []

    def deed() -> float:
        done.append(1)
        return 0.01 if len(done) < 3 else 3600.0

    repeating = Repeating("tester", deed, every_s=3600.0)
    repeating.start()
    wait_for(lambda: len(done) >= 3)
    repeating.stop()
    assert len(done) == 3


def test_one_that_hangs_does_not_keep_a_process_from_its_end() -> None:
    let_go = threading.Event()
    repeating = Repeating("tester", lambda: let_go.wait(60) and None, every_s=3600.0)
    repeating.start()
    repeating.stop(patience_s=0.01)
    let_go.set()
    repeating.stop()
