"""One lease for each sensor in the fleet, and what becomes of events when it changes hands."""

import threading
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from apps.triggers.models import Event, SensorInstance
from apps.triggers.sensors import leases
from apps.triggers.sensors.leases import Lease
from apps.triggers.sensors.protocol import Said
from apps.triggers.sensors.recording import Recorder
from apps.triggers.sensors.states import begin_start
from tests.integration.triggers.sensors.conftest import Stage, seen, standing

STAY = """read -r document; echo '{"trigger": "demo.seen", "payload": {"n": 1}}' >&$ATTUNE_EVENT_FD; exec sleep 1000"""


def run_out() -> None:
    SensorInstance.objects.update(lease_until=Now() - timedelta(seconds=1))


@pytest.fixture
def sensor_id(stage: Stage) -> int:
    stage.install(one=STAY)
    return standing("one").sensor_id


def test_of_two_hosts_one_gets_the_lease(sensor_id: int) -> None:
    assert leases.claim([sensor_id], holder="a", most=5) == [Lease(sensor_id, 1)]
    assert leases.claim([sensor_id], holder="b", most=5) == []


def test_a_lease_that_ran_out_is_somebody_elses_and_its_old_holder_is_told_apart(sensor_id: int) -> None:
    (old,) = leases.claim([sensor_id], holder="a", most=5)
    run_out()
    (new,) = leases.claim([sensor_id], holder="b", most=5)

    assert new.fence == old.fence + 1
    assert leases.renew({sensor_id: old.fence}) == set()
    assert leases.renew({sensor_id: new.fence}) == {sensor_id}
    assert begin_start(old) is None
    assert begin_start(new) == 1
    leases.release(old)
    assert standing("one").holder == "b"


def test_nothing_is_started_on_a_lease_that_ran_out(sensor_id: int) -> None:
    (lease,) = leases.claim([sensor_id], holder="a", most=5)
    run_out()
    assert begin_start(lease) is None
    assert leases.renew({sensor_id: lease.fence}) == {sensor_id}
    assert begin_start(lease) == 1


def test_late_events_of_an_old_holder_count_once_by_their_key_and_are_refused_without_one(sensor_id: int) -> None:
    (old,) = leases.claim([sensor_id], holder="a", most=5)
    run_out()
    (new,) = leases.claim([sensor_id], holder="b", most=5)
    late = Recorder(old, sensor_ref="demo.one", start=1, stopping=threading.Event())
    present = Recorder(new, sensor_ref="demo.one", start=2, stopping=threading.Event())

    assert present.record([Said(1, "demo.seen", {"n": 1}, dedupe_key="k1")]) == []
    (refused,) = late.record(
        [
            Said(1, "demo.seen", {"n": 1}, dedupe_key="k1"),
            Said(2, "demo.seen", {"n": 2}, dedupe_key="k2"),
            Said(3, "demo.seen", {"n": 3}),
        ]
    )

    assert refused.line == 3
    assert "another host runs this sensor" in refused.reason
    assert seen("one") == [1, 2]


def test_a_batch_that_is_recorded_again_makes_nothing_twice(sensor_id: int) -> None:
    (lease,) = leases.claim([sensor_id], holder="a", most=5)
    recorder = Recorder(lease, sensor_ref="demo.one", start=1, stopping=threading.Event())
    for _ in range(2):
        recorder.record([Said(1, "demo.seen", {"n": 1}), Said(2, "demo.seen", {"n": 1})])

    assert Event.objects.count() == 2


def test_a_few_bad_events_in_a_batch_are_found_and_the_rest_is_recorded(sensor_id: int) -> None:
    (lease,) = leases.claim([sensor_id], holder="a", most=5)
    recorder = Recorder(lease, sensor_ref="demo.one", start=1, stopping=threading.Event())
    batch = [Said(line, "demo.seen", {"n": line if line % 37 else "bad"}) for line in range(1, 101)]

    assert [item.line for item in recorder.record(batch)] == [37, 74]
    assert len(seen("one")) == 98
    assert (standing("one").events, standing("one").refused) == (98, 2)


def test_another_host_takes_over_when_the_lease_runs_out_and_the_old_one_ends_its_process(stage: Stage) -> None:
    stage.install(one=STAY)
    first = stage.host()
    stage.until(lambda: seen("one") == [1])
    second = stage.host()
    run_out()
    stage.fleets = [second]
    stage.until(lambda: seen("one") == [1, 1])
    assert standing("one").holder == second.name
    first.renew()

    assert first.running == frozenset()
    stage.fleets = [second, first]
    stage.until(lambda: not any(runner.is_alive for runner in first._ending))
    assert (standing("one").holder, standing("one").state) == (second.name, "running")
