"""`attune worker`"""

from typing import Any

import pytest

from tests.integration.cli import recorded
from tests.integration.cli.canned import Answer, Canned, page, problem
from tests.integration.cli.conftest import Attune

WORKERS = "/api/v1/workers"


def _draining(name: str = "w1", **changes: Any) -> dict[str, Any]:
    return recorded.worker(name, **{"status": "draining", "running": 1, **changes})


@pytest.fixture(autouse=True)
def one_runs(canned: Canned) -> None:
    canned.on("GET", "/api/v1/executions", page({"id": 17, "action": "examples.sleep"}))
    canned.on("POST", f"{WORKERS}/w1/drain", Answer(_draining(), 202))


def test_a_drain_that_is_waited_for_says_what_runs_and_ends_when_nothing_does(attune: Attune, canned: Canned) -> None:
    canned.on("GET", f"{WORKERS}/w1", _draining(running=4), _draining(running=0))
    ended = attune("worker", "drain", "w1", "--wait")
    assert ended.code == 0
    assert ended.err.splitlines() == [
        "w1: 1 runs (17 examples.sleep)",
        "w1: 4 run (17 examples.sleep and 3 more)",
        "w1 is draining, 0 run",
    ]


@pytest.mark.parametrize("status", ["stopped", "lost"])
def test_a_worker_that_is_gone_is_empty(attune: Attune, canned: Canned, status: str) -> None:
    canned.on("GET", f"{WORKERS}/w1", _draining(status=status))
    assert attune("worker", "drain", "w1", "--wait").code == 0


def test_waiting_ends_in_time_and_says_that_the_drain_goes_on(attune: Attune, canned: Canned) -> None:
    canned.on("GET", f"{WORKERS}/w1", _draining())
    ended = attune("worker", "drain", "w1", "--wait", "--timeout", "0")
    assert ended.code == 1
    assert "wait_timeout: Not drained within 0.00s: w1; the drain goes on." in ended.err


def test_waiting_ends_when_somebody_takes_the_worker_back(attune: Attune, canned: Canned) -> None:
    canned.on("GET", f"{WORKERS}/w1", _draining(status="active"))
    ended = attune("worker", "drain", "w1", "--wait")
    assert ended.code == 1
    assert "w1 does not drain any more: it is active" in ended.err


def test_one_that_cannot_be_asked_does_not_keep_the_others_from_it(attune: Attune, canned: Canned) -> None:
    canned.on("POST", f"{WORKERS}/w0/drain", problem(409, "worker_stopping", "w0 is stopping."))
    ended = attune("worker", "drain", "w0", "w1", "w1")
    assert (ended.code, ended.err.splitlines()[-1]) == (1, "w1 is draining, 1 runs")
    assert len(canned.bodies("POST", f"{WORKERS}/w1/drain")) == 1


def test_a_timeout_is_for_waiting(attune: Attune, canned: Canned) -> None:
    assert attune("worker", "drain", "w1", "--timeout", "3").code == 2
    assert canned.asked == []


def test_a_name_cannot_leave_its_place(attune: Attune, canned: Canned) -> None:
    assert attune("worker", "cordon", "a/../b").code == 2
    assert [asked.path for asked in canned.asked] == [f"{WORKERS}/a%2F..%2Fb/cordon"]
    assert attune("worker", "cordon", "..").code == 2
