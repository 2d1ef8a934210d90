"""A conductor has a few operations in hand, and the others in their order."""

from threading import Event, Thread

import pytest

from apps.operations.turns import Turns
from tests.waiting import wait_for


def start(turns: Turns, *operations: int) -> list[Thread]:
    threads = [Thread(target=turns.take, args=[operation]) for operation in operations]
    for thread in threads:
        thread.start()
    return threads


def end(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_who_finds_no_place_leaves_it_to_those_who_have_one() -> None:
    begun: list[int] = []
    may_end = Event()

    def run(operation: int) -> None:
        begun.append(operation)
        may_end.wait(10)

    turns = Turns(run, most=2)
    threads = start(turns, 1, 2)
    wait_for(lambda: sorted(begun) == [1, 2], what="both")
    for operation in (3, 4, 5):
        turns.take(operation)  # returns at once
    assert len(begun) == 2
    may_end.set()
    end(threads)
    assert sorted(begun[2:]) == [3, 4, 5]


def test_one_place_keeps_the_order() -> None:
    begun: list[int] = []

    def run(operation: int) -> None:
        begun.append(operation)
        if operation == 1:
            turns.take(2)
            turns.take(3)

    turns = Turns(run, most=1)
    turns.take(1)
    assert begun == [1, 2, 3]


def test_a_bug_in_one_gives_its_place_back() -> None:
    begun: list[int] = []

    def run(operation: int) -> None:
        if operation == 1:
            raise ValueError
        begun.append(operation)

    turns = Turns(run, most=1)
    with pytest.raises(ValueError):
        turns.take(1)
    turns.take(2)
    assert begun == [2]


def test_none_is_forgotten_when_many_come_at_once() -> None:
    begun: list[int] = []
    turns = Turns(begun.append, most=2)
    end(start(turns, *range(200)))
    assert sorted(begun) == list(range(200))
