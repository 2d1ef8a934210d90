"""A rate of 5 in 2 s, as the API tells it and as the actions themselves wrote it down."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import redis

from tests.acceptance.attune import TERMINAL, Attune
from tests.waiting import wait_for

LIMIT, WINDOW_S, COUNT = 5, 2.0, 25
#: From a grant to the row that tells it, and on to the start: a busy machine's delay, not the rate's.
DELAY_S = 1.0


def ask(attune: Attune, file: Path, *, label: str) -> None:
    wishes = [
        {"action": "oracle.rated", "parameters": {"file": str(file), "n": n}, "labels": {"rates": label}}
        for n in range(COUNT)
    ]
    assert attune.client.post("/executions/batch", json={"executions": wishes}).status_code == 201


def has_started(file: Path, count: int) -> bool:
    return file.exists() and len(file.read_text().splitlines()) >= count


def wait_for_all(attune: Attune, *, label: str) -> list[datetime]:
    """When each was let in, in the order in which they were asked for."""

    def all_over() -> bool:
        found = attune.executions(label=f"rates:{label}", fields="id,status")
        return len(found) == COUNT and all(item["status"] in TERMINAL for item in found)

    wait_for(all_over, what="all to end", deadline_s=120, every_s=0.2)
    found = attune.executions(label=f"rates:{label}")
    assert {item["status"] for item in found} == {"succeeded"}
    found.sort(key=lambda item: int(item["id"]))
    return [datetime.fromisoformat(item["scheduled_at"]) for item in found]


def check(moments: Sequence[float]) -> None:
    """No window with more than the limit but for the delay, which does not add up."""
    ordered = sorted(moments)
    for first, beyond in zip(ordered, ordered[LIMIT:], strict=False):
        assert beyond - first >= WINDOW_S - DELAY_S, f"{LIMIT + 1} in {beyond - first:.3f} s"
    windows = (COUNT - 1) // LIMIT
    assert ordered[-1] - ordered[0] >= windows * WINDOW_S - DELAY_S


def check_all(attune: Attune, file: Path, *, label: str) -> None:
    granted = [moment.timestamp() for moment in wait_for_all(attune, label=label)]
    assert granted == sorted(granted), "somebody was overtaken"
    check(granted)
    lines = [line.split() for line in file.read_text().splitlines()]
    assert sorted(int(line[0]) for line in lines) == list(range(COUNT)), "each started once"
    started = sorted(float(line[3]) for line in lines)
    assert started[-1] - started[0] >= (COUNT - 1) // LIMIT * WINDOW_S - DELAY_S
    (gate,) = [gate for gate in attune.client.get("/gates").json()["results"] if gate["kind"] == "rate"]
    assert (gate["waiting"], gate["running"]) == (0, 0)


def test_no_window_sees_more_and_an_emptied_redis_changes_nothing(attune: Attune, tmp_path: Path) -> None:
    file = tmp_path / "moments"
    server = redis.Redis.from_url(attune.variables["REDIS_URL"])
    ask(attune, file, label="emptied")
    for count in (LIMIT, 2 * LIMIT):
        wait_for(partial(has_started, file, count), what=f"{count} starts")
        server.flushall()
    check_all(attune, file, label="emptied")


def test_lines_of_a_rate_go_on_by_themselves(attune: Attune, tmp_path: Path) -> None:
    file = tmp_path / "moments"
    ask(attune, file, label="alone")
    waiting = attune.executions(label="rates:alone", status="delayed")
    assert waiting
    assert {item["reason"]["code"] for item in waiting} <= {"waiting_for_rate", "waiting_for_slot", "granted"}
    check_all(attune, file, label="alone")
    granted = [moment.timestamp() for moment in wait_for_all(attune, label="alone")]
    lateness = granted[-1] - granted[0] - (COUNT - 1) // LIMIT * WINDOW_S
    assert lateness < 30, f"{lateness:.1f} s later than the rate allows"
