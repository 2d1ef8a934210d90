"""Which supervisors there are, and which of them wait for a run."""

import os
import select
from collections.abc import Iterator

import pytest

from apps.runner.warden.supervisors import Supervisors
from tests.waiting import wait_for

_NOT_OPEN = 1_000_000


@pytest.fixture
def supervisors() -> Iterator[Supervisors]:
    supervisors = Supervisors(poll=select.poll())
    yield supervisors
    supervisors.close()
    for pid in supervisors.pids:
        os.waitpid(pid, 0)
        supervisors.take_end(pid)


def test_one_that_could_not_be_told_of_a_run_does_not_stay(supervisors: Supervisors) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        supervisors.hand(b"a run", [_NOT_OPEN], control=_NOT_OPEN, alone=False)
    [pid] = supervisors.pids
    wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, what="its end")
    charge = supervisors.take_end(pid)
    assert charge is not None
    assert not charge.has_run
