"""What Attune promises when something dies under it."""

import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.acceptance.attune import TERMINAL, Attune
from tests.acceptance.test_order import Note, check, notes_in
from tests.acceptance.test_running import living
from tests.waiting import wait_for


def wait_for_ends(attune: Attune, ids: Collection[int], *, deadline_s: float = 180) -> set[str]:
    """The statuses they ended in."""

    def all_over() -> set[str] | None:
        found = [row["status"] for row in attune.executions(fields="id,status") if row["id"] in ids]
        return set(found) if len(found) == len(ids) and TERMINAL.issuperset(found) else None

    statuses: set[str] = wait_for(all_over, what=f"{len(ids)} ends", deadline_s=deadline_s, every_s=0.25)
    return statuses


def test_fifty_that_ran_on_the_only_worker_when_it_was_killed_all_end_as_their_action_says(
    hurt: Attune, tmp_path: Path
) -> None:
    attune, file = hurt, tmp_path / "notes"
    actions = ["oracle.hang_once"] * 40 + ["oracle.hang_never_again"] * 10
    wishes = [{"action": action, "parameters": {"file": str(file), "n": n}} for n, action in enumerate(actions)]
    answer = attune.client.post("/executions/batch", json={"executions": wishes})
    assert answer.status_code == 201, answer.text
    asked = [row["id"] for row in answer.json()["results"]]
    wait_for(lambda: file.exists() and len(notes_in(file)) == 50, what="all fifty to run")
    (killed,) = attune.client.get("/workers", params={"status": "active"}).json()["results"]
    attune.kill(attune.pids_of("worker")[0])

    def another() -> bool:
        active = attune.client.get("/workers", params={"status": "active"}).json()["results"]
        return any(worker["pid"] != killed["pid"] for worker in active)

    wait_for(another, what="another worker")
    assert wait_for_ends(attune, asked, deadline_s=60) == {"succeeded", "abandoned"}

    rows = [attune.execution(pk) for pk in asked]
    assert [(row["status"], row["attempt"], row["losses"]) for row in rows[:40]] == [("succeeded", 2, 1)] * 40
    assert [(row["status"], row["attempt"]) for row in rows[40:]] == [("abandoned", 1)] * 10
    expected = [Note("start", n, pk, 1) for n, pk in enumerate(asked)]
    expected += [Note(what, n, pk, 2) for n, pk in enumerate(asked[:40]) for what in ("start", "end")]
    assert sorted(notes_in(file), key=str) == sorted(expected, key=str)


def test_what_a_killed_worker_ran_is_ended_and_starts_again_as_the_next_attempt(hurt: Attune) -> None:
    attune, marker = hurt, f"orphan-{hurt.port}"
    requested = attune.request("hard.stubborn", {"marker": marker})
    wait_for(lambda: living(marker) == 2, what="both stubborn processes")
    attune.kill(attune.pids_of("worker")[0])
    wait_for(lambda: living(marker) == 0, what="the end of both stubborn processes")
    wait_for(lambda: living(marker) == 2, what="the next attempt")
    again = attune.running(requested["id"])
    assert (again["attempt"], again["losses"]) == (2, 1)
    attune.client.post(f"/executions/{requested['id']}/cancel").raise_for_status()
    assert attune.ended(requested["id"])["status"] == "canceled"
    reasons = [row["reason"] for row in attune.client.get(f"/executions/{requested['id']}/history").json()["results"]]
    assert "worker_lost" in [reason["code"] for reason in reasons if reason]


def test_a_worker_that_is_stopped_finishes_what_it_can_and_sends_the_rest_back(hurt: Attune, tmp_path: Path) -> None:
    attune = hurt
    long = attune.request("core.sleep", {"seconds": 300})
    attune.running(long["id"])
    short = attune.request("core.local", {"cmd": f"touch {tmp_path}/begun; sleep 1.5"})
    wait_for((tmp_path / "begun").exists, what="the start of what ends soon")
    attune.kill(attune.pids_of("worker")[0], signal.SIGTERM)
    assert attune.ended(short["id"])["status"] == "succeeded"
    wait_for(lambda: attune.client.get(f"/executions/{long['id']}").json()["attempt"] == 2, what="the next attempt")
    again = attune.running(long["id"])
    assert (again["attempt"], again["losses"]) == (2, 0)
    attune.client.post(f"/executions/{long['id']}/cancel").raise_for_status()
    assert attune.ended(long["id"])["status"] == "canceled"


def test_without_redis_requests_are_taken_and_run_in_order_when_it_is_back(hurt: Attune, tmp_path: Path) -> None:
    attune, file = hurt, tmp_path / "notes"
    attune.run("oracle.one", {"file": str(tmp_path / "first"), "n": 0})
    asked = []
    redis = attune.server_pid("valkey")
    attune.kill(redis, signal.SIGSTOP)
    try:
        slowest = 0.0
        for n in range(20):
            started = time.monotonic()
            asked.append(attune.request("oracle.one", {"file": str(file), "n": n})["id"])
            slowest = max(slowest, time.monotonic() - started)
        assert attune.client.get("/executions").status_code == 200
        ready = httpx.get(f"{attune.profile['url']}/readyz", timeout=30)
        assert (ready.status_code, ready.json()["redis"]) == (200, "degraded")
    finally:
        attune.kill(redis, signal.SIGCONT)
    assert slowest < 10  # not the minute that a client of Redis would wait
    assert wait_for_ends(attune, asked) == {"succeeded"}
    notes = notes_in(file)
    check(notes, limit=1, count=20)
    assert [note.n for note in notes if note.what == "start"] == list(range(20))


def test_a_redis_that_dies_is_started_again_and_nothing_is_lost(hurt: Attune, tmp_path: Path) -> None:
    attune, file = hurt, tmp_path / "notes"
    asked = []
    for n in range(60):
        asked.append(attune.request("oracle.one", {"file": str(file), "n": n})["id"])
        if n == 20:
            attune.kill(attune.server_pid("valkey"))
    assert wait_for_ends(attune, asked) == {"succeeded"}
    notes = notes_in(file)
    check(notes, limit=1, count=60)
    assert [note.n for note in notes if note.what == "start"] == list(range(60))


@contextmanager
def without_postgresql(attune: Attune) -> Iterator[None]:
    supervisor = attune.pids_of("supervisor")[0]
    attune.kill(supervisor, signal.SIGSTOP)  # it would start the server again at once
    try:
        attune.kill(attune.server_pid("postgres"), signal.SIGINT)
        pid_file = attune.var_dir / "postgres" / "postmaster.pid"
        wait_for(lambda: not pid_file.exists(), what="the end of PostgreSQL")
        yield
    finally:
        attune.kill(supervisor, signal.SIGCONT)
    wait_for(lambda: attune.client.get("/executions").status_code == 200, what="PostgreSQL")


def test_without_postgresql_requests_are_refused_with_a_time_to_come_back_and_ends_are_kept(
    hurt: Attune, tmp_path: Path
) -> None:
    attune = hurt
    # One that may run again elsewhere would be killed after four silent seconds.
    parameters = {"file": str(tmp_path / "notes"), "n": 0, "seconds": 2}
    running = attune.request("oracle.not_twice", parameters)
    wait_for((tmp_path / "notes").exists, what="its start")
    with without_postgresql(attune):
        post = {"action": "core.noop", "parameters": {}}
        for answer in (attune.client.get("/executions"), attune.client.post("/executions", json=post)):
            assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
            assert int(answer.headers["retry-after"]) > 0
        assert httpx.get(f"{attune.profile['url']}/readyz", timeout=30).status_code == 503
        assert httpx.get(f"{attune.profile['url']}/healthz", timeout=30).status_code == 200
    assert attune.ended(running["id"])["status"] == "succeeded"
    assert attune.run("core.noop")["status"] == "succeeded"


def test_a_worker_that_was_cut_off_for_long_starts_what_it_ran_again(hurt: Attune) -> None:
    attune, marker = hurt, f"cut-off-{hurt.port}"
    running = attune.request("hard.stubborn", {"marker": marker})
    wait_for(lambda: living(marker) == 2, what="both stubborn processes")
    with without_postgresql(attune):
        wait_for(lambda: living(marker) == 0, what="the end of what others may believe lost")
    assert attune.run("core.noop")["status"] == "succeeded"
    wait_for(lambda: living(marker) == 2, what="the next attempt")
    assert attune.client.get(f"/executions/{running['id']}").json()["attempt"] == 2
    attune.client.post(f"/executions/{running['id']}/cancel").raise_for_status()
    assert attune.ended(running["id"])["status"] == "canceled"
