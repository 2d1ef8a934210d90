"""The lines on real servers that die, come back from an older snapshot, or are replaced by a replica that lags."""

import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from apps.core.redis import breaker, client, connect
from apps.executions import lines
from apps.executions.models import Execution, Pass, SlotsEpoch
from apps.executions.policies.services import create_policy
from apps.executions.slots.protocol import Counts, Grant
from apps.executions.slots.rebuild import rebuild_if_stale
from apps.executions.slots.redis_slots import FixedEpoch, RedisSlots
from apps.executions.sweep import sweep
from tests.asking import ask
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, end, status_of
from tests.threads import race
from tests.valkey_server import ValkeyServer, valkey_server
from tests.waiting import wait_for

COUNT = 8


@pytest.fixture
def server(people: People, settings: Settings) -> Iterator[ValkeyServer]:
    with tempfile.TemporaryDirectory(prefix="vk-") as folder, valkey_server(Path(folder) / "a") as server:
        use(server, settings)
        rebuild_if_stale()
        yield server
        forget_clients()
    # What the fixture of the suite tidies up afterwards is the suite's own server again.


@pytest.fixture(autouse=True)
def suites_own(settings: Settings) -> Iterator[None]:
    url = settings.REDIS_URL
    yield
    settings.REDIS_URL = url
    forget_clients()


def use(server: ValkeyServer, settings: Settings) -> None:
    """From now on this process's lines are there, as after a failover."""
    settings.REDIS_URL = server.url
    forget_clients()


def forget_clients() -> None:
    client.cache_clear()
    lines.slots.cache_clear()
    breaker.reset()


def found(rows: list[Execution]) -> list[str]:
    return [status_of(row) for row in rows]


def waiting_in_line(row: Execution) -> list[int]:
    return list(lines.slots().line(row.gate_id or 0, most=-1))


def all_run_in_order(rows: list[Execution]) -> None:
    """One after the other through a gate of limit 1, as they were accepted; nothing is left in the lines."""
    worker = make_worker(f"w{rows[0].pk}")
    for row in rows:
        if status_of(row) == "running":
            continue
        assert [other.pk for other in rows if status_of(other) == "scheduled"] == [row.pk]
        end(claimed(row, worker))
    assert set(found(rows)) == {"succeeded"}
    gate = rows[0].gate_id or 0
    assert lines.slots().counts([gate]) == {gate: Counts(waiting=0, holding=0)}


def test_a_server_back_from_an_older_snapshot_is_filled_anew_and_starts_nobody_twice(
    people: People, server: ValkeyServer
) -> None:
    rows = ask(people, make_action(concurrency={"limit": 1}), count=3)
    server.ask("SAVE")
    first = claimed(rows[0], make_worker())
    end(first)
    rows += ask(people, make_action(concurrency={"limit": 1}), count=3)
    held = claimed(rows[1], make_worker("w2"))
    server.kill()
    server.start()
    breaker.reset()
    assert not lines.slots().is_current(), "the snapshot's first holder holds on"
    sweep()
    assert found(rows) == ["succeeded", "running", "delayed", "delayed", "delayed", "delayed"]
    assert waiting_in_line(rows[0]) == [row.pk for row in rows[2:]]
    end(held)
    all_run_in_order(rows[2:])


def test_a_replica_that_lags_is_filled_anew_when_it_takes_over(
    people: People, server: ValkeyServer, settings: Settings
) -> None:
    action = make_action(concurrency={"limit": 1})
    with valkey_server(server.folder.parent / "b") as replica:
        rows = ask(people, action, count=3)
        replica.follow(server)
        wait_for(lambda: replica.ask("EXISTS", "{slots}:epoch") == 1, what="the replica's data")
        replica.ask("REPLICAOF", "NO", "ONE")  # from here on it lags
        held = claimed(rows[0], make_worker())
        end(held)
        rows += ask(people, action, count=2)
        old = RedisSlots(connect(server.url), epochs=FixedEpoch(lines.epoch.believed()))
        use(replica, settings)
        sweep()
        assert found(rows) == ["succeeded", "scheduled", "delayed", "delayed", "delayed"]
        assert waiting_in_line(rows[0]) == [row.pk for row in rows[2:]]
        # Somebody who has not heard of it goes on with the old server: what that grants comes to nothing.
        lines.make_real(old.leave(Grant(rows[1].pk, 1)))
        assert found(rows) == ["succeeded", "scheduled", "delayed", "delayed", "delayed"]
        all_run_in_order(rows[1:])
        forget_clients()


def test_the_old_server_that_comes_back_after_a_failover_is_believed_nothing(
    people: People, server: ValkeyServer, settings: Settings
) -> None:
    action = make_action(concurrency={"limit": 1})
    rows = ask(people, action, count=2)
    with valkey_server(server.folder.parent / "b") as other:
        use(other, settings)
        sweep()
        end(claimed(rows[0], make_worker()))
        rows += ask(people, action, count=2)
        use(server, settings)
        assert not lines.slots().is_current()
        sweep()
    assert waiting_in_line(rows[0]) == [row.pk for row in rows[2:]]
    all_run_in_order(rows[1:])


def test_lines_are_built_anew_while_requests_keep_coming_and_nobody_is_lost_or_overtaken(
    people: People, server: ValkeyServer
) -> None:
    action = make_action(concurrency={"limit": 1})
    ask(people, action, count=2)
    done = threading.Event()

    def act(index: int) -> None:
        """Two ask, one empties and kills the server, two sweep."""
        if index < 2:
            for _ in range(15):
                ask(people, action)
        elif index == 2:
            for _ in range(4):
                server.ask("FLUSHALL")
                breaker.reset()
                sweep()
            done.set()
        else:
            while not done.is_set():
                breaker.reset()
                rebuild_if_stale()

    race(5, act)
    breaker.reset()
    Execution.objects.filter(status="requested").update(created_at="2020-01-01T00:00:00Z")
    sweep()
    rows = list(Execution.objects.order_by("number"))
    assert [row.number for row in rows] == list(range(1, 33))
    assert found(rows) == ["scheduled"] + ["delayed"] * 31
    assert waiting_in_line(rows[0]) == [row.pk for row in rows[1:]]
    connection.close()
    all_run_in_order(rows)


def test_two_that_build_anew_at_once_raise_the_epoch_once(people: People, server: ValkeyServer) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=3)
    before = SlotsEpoch.objects.get().number
    server.kill()
    server.start()
    breaker.reset()
    assert sorted(race(4, lambda _: rebuild_if_stale())) == [False, False, False, True]
    assert SlotsEpoch.objects.get().number == before + 1


def test_a_rate_goes_on_by_its_clock_after_its_server_was_replaced(people: People, server: ValkeyServer) -> None:
    create_policy(name="slow", scope="system", kind="rate", limit=2, window_s=3600)
    rows = ask(people, make_action(), count=5)

    def replace_server() -> None:
        server.kill()
        server.start()
        breaker.reset()
        sweep()

    def after_a_tick() -> list[str]:
        lines.tick()
        return found(rows)

    replace_server()
    assert after_a_tick() == ["scheduled"] * 2 + ["delayed"] * 3
    Pass.objects.update(at=F("at") - timedelta(seconds=3599.5))  # half a second is left of their hour, if so much
    replace_server()
    wait_for(lambda: after_a_tick()[3] == "scheduled", what="the turn of the next two")
    assert after_a_tick() == ["scheduled"] * 4 + ["delayed"]
