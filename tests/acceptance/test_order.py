"""Order and limits, as the actions themselves wrote them down: an oracle outside Attune."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.acceptance.attune import TERMINAL, Attune
from tests.waiting import wait_for


@dataclass(frozen=True)
class Note:
    """One line of the oracle's file."""

    what: str
    n: int
    execution: int
    attempt: int


def notes_in(file: Path) -> list[Note]:
    lines = [line.split() for line in file.read_text().splitlines()]
    return [Note(what, int(n), int(execution), int(attempt)) for what, n, execution, attempt in lines]


def check(notes: Sequence[Note], *, limit: int, count: int) -> None:
    """Everybody started and ended once; never more than `limit` at a time; when one starts, fewer than `limit` of
    those before it have not ended."""
    starts = [note.n for note in notes if note.what == "start"]
    ends = [note.n for note in notes if note.what == "end"]
    assert sorted(starts) == sorted(ends) == list(range(count))
    running: set[int] = set()
    ended: set[int] = set()
    for note in notes:
        if note.what == "end":
            running.discard(note.n)
            ended.add(note.n)
            continue
        running.add(note.n)
        assert len(running) <= limit, f"{sorted(running)} at once"
        before = [n for n in range(note.n) if n not in ended]
        assert len(before) <= limit - 1, f"{note.n} started before {before} had ended"


def wait_for_all(attune: Attune, action: str, count: int, **query: str) -> None:
    def all_over() -> bool:
        found = attune.executions(action=action, fields="id,status", **query)
        return len(found) >= count and all(item["status"] in TERMINAL for item in found)

    wait_for(all_over, what=f"{count} executions of {action}", deadline_s=180, every_s=0.5)
    assert {item["status"] for item in attune.executions(action=action, fields="status", **query)} == {"succeeded"}


def test_at_a_limit_of_one_all_start_in_the_order_in_which_they_were_asked_for(attune: Attune, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    for n in range(100):
        attune.request("oracle.one", {"file": str(file), "n": n})
    wait_for_all(attune, "oracle.one", 100)
    notes = notes_in(file)
    assert [note.n for note in notes if note.what == "start"] == list(range(100))
    check(notes, limit=1, count=100)


def test_at_a_limit_of_five_never_more_overlap_and_nobody_is_overtaken(attune: Attune, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    for start in (0, 150):
        wishes = [
            {"action": "oracle.five", "parameters": {"file": str(file), "n": n}} for n in range(start, start + 150)
        ]
        assert attune.client.post("/executions/batch", json={"executions": wishes}).status_code == 201
    wait_for_all(attune, "oracle.five", 300)
    check(notes_in(file), limit=5, count=300)


def test_lines_of_different_keys_do_not_wait_for_each_other(attune: Attune, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    slow = attune.request("oracle.keyed", {"file": str(file), "n": 0, "key": "slow", "seconds": 100})
    attune.running(slow["id"])
    behind = attune.request("oracle.keyed", {"file": str(file), "n": 1, "key": "slow"})
    other = attune.run("oracle.keyed", {"file": str(file), "n": 2, "key": "quick"})
    assert other["status"] == "succeeded"
    assert attune.execution(behind["id"])["status"] == "delayed"
    for item in (behind, slow):
        attune.client.post(f"/executions/{item['id']}/cancel")
    assert [attune.ended(item["id"])["status"] for item in (behind, slow)] == ["canceled", "canceled"]


@pytest.mark.parametrize("times", [3])
def test_an_emptied_redis_in_the_middle_loses_none_doubles_none_and_keeps_the_order(
    attune: Attune, tmp_path: Path, times: int
) -> None:
    file = tmp_path / "notes"
    server = redis.Redis.from_url(attune.variables["REDIS_URL"])
    stop = threading.Event()

    def empty_now_and_then() -> None:
        for _ in range(times):
            if stop.wait(1.0):
                return
            server.flushall()

    vandal = threading.Thread(target=empty_now_and_then)
    vandal.start()
    for n in range(150):
        attune.request("oracle.one", {"file": str(file), "n": n}, labels={"redis": "emptied"})
    wait_for_all(attune, "oracle.one", 150, label="redis:emptied")
    stop.set()
    vandal.join()
    notes = notes_in(file)
    check(notes, limit=1, count=150)
    assert [note.n for note in notes if note.what == "start"] == list(range(150))
    gates = attune.client.get("/gates").json()["results"]
    assert {(gate["waiting"], gate["running"]) for gate in gates} == {(0, 0)}
