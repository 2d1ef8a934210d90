import os
import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.runtimes.detect import Installation
from apps.workers.capabilities import Capabilities
from apps.workers.models import Worker
from apps.workers.services import (
    Registration,
    WorkerNameTaken,
    begin_draining,
    end_worker,
    mark_lost_workers,
    register_worker,
)
from tests.threads import race

pytestmark = pytest.mark.usefixtures("people")


def wish(name: str = "", *, pool: str = "default") -> Registration:
    capabilities = Capabilities(pool, {"shell": [Installation(version="5.2", interpreter="/bin/bash")]})
    return Registration(name, capabilities, slots=4, labels={"zone": "a"}, version="0.1", volume_id="v")


def silence(worker: Worker) -> None:
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat=timezone.now() - timedelta(minutes=5))


def test_a_worker_registers_with_what_it_can_do() -> None:
    worker = register_worker(wish("tom"))
    worker.refresh_from_db()
    assert (worker.name, worker.status, worker.host, worker.pid) == ("tom", "active", socket.gethostname(), os.getpid())
    assert worker.queues == ["run.default.shell", "run.default.shell-5.2", "build.default.shell"]
    assert worker.runtimes == {"shell": [{"version": "5.2", "interpreter": "/bin/bash"}]}
    assert (worker.slots, worker.labels, worker.ended_at) == (4, {"zone": "a"}, None)


def test_workers_without_a_name_are_numbered_by_host_and_pool() -> None:
    host = socket.gethostname()
    first, second = register_worker(wish()), register_worker(wish())
    assert [first.name, second.name] == [f"{host}-default-1", f"{host}-default-2"]
    assert register_worker(wish(pool="gpu")).name == f"{host}-gpu-1"
    end_worker(first.pk)
    assert register_worker(wish()).name == first.name


@pytest.mark.parametrize("end", [begin_draining, lambda pk: None])
def test_the_name_of_a_living_worker_is_taken_also_while_it_drains(end: object) -> None:
    end(register_worker(wish("tom")).pk)  # type: ignore[operator]  # one of two ways to go on living
    with pytest.raises(WorkerNameTaken, match="ATTUNE_WORKER_NAME"):
        register_worker(wish("tom"))


def test_many_that_register_at_once_get_names_of_their_own() -> None:
    names = race(6, lambda index: register_worker(wish()).name)
    assert len(set(names)) == 6


def test_one_of_two_that_want_one_name_gets_it() -> None:
    def attempt(index: int) -> str:
        try:
            return register_worker(wish("tom")).name
        except WorkerNameTaken:
            return "taken"

    assert sorted(race(2, attempt)) == ["taken", "tom"]


def test_a_clean_stop_ends_it_and_a_lost_one_stays_lost() -> None:
    stopped, lost = register_worker(wish("a")), register_worker(wish("b"))
    silence(lost)
    # The suite's PostgreSQL has only just started, so nobody may be silent for long; nor is this one, however busy.
    Worker.objects.filter(pk=stopped.pk).update(last_heartbeat=timezone.now() + timedelta(minutes=5))
    assert mark_lost_workers(after_s=0.2) == [lost.pk]
    for worker in (stopped, lost):
        end_worker(worker.pk)
        worker.refresh_from_db()
        assert worker.ended_at is not None
    assert (stopped.status, lost.status) == ("stopped", "lost")
    assert register_worker(wish("b")).pk != lost.pk


def test_a_lost_worker_is_told_to_exactly_one_of_many_sweeps() -> None:
    workers = [register_worker(wish()) for _ in range(5)]
    for worker in workers:
        silence(worker)
    found = race(4, lambda index: mark_lost_workers(after_s=0.2))
    assert sorted(pk for part in found for pk in part) == [worker.pk for worker in workers]
