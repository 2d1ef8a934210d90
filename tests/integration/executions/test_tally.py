"""Numbers of all executions, kept with the announcements."""

import pytest
from django.db import transaction

from apps.core.metrics.catalogue import DURATION, ENDED, GATE_WAIT, RETRIED, START_DELAY, STARTED
from apps.executions import outbox, tally
from apps.executions.states import Status
from tests.asking import ask
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, end
from tests.threads import race


def test_each_transition_is_counted_once_however_many_announce(people: People) -> None:
    worker = make_worker()
    for execution in ask(people, make_action(), count=20):
        end(claimed(execution, worker), facts={"duration_s": 0.02})
    race(4, lambda _: outbox.announce_all())
    found = tally.read()
    assert found[STARTED.name, ""] == found[ENDED.name, "succeeded"] == 20
    assert found[DURATION.name, "0.025"] == 20
    assert found[DURATION.name, "sum"] == pytest.approx(0.4)
    assert sum(value for (name, key), value in found.items() if name == START_DELAY.name and key != "sum") == 20


def test_what_is_not_committed_is_not_counted(people: People) -> None:
    ask(people)
    before = tally.read()
    with transaction.atomic():
        tally.count([tally.Announced(1, 1, 1, "succeeded", 0, 1.0, has_gates=False)])
        transaction.set_rollback(True)
    assert tally.read() == before


def test_waits_at_gates_are_told_apart_from_starts(people: People) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    worker = make_worker()
    end(claimed(first, worker), facts={"duration_s": 1})
    end(claimed(second, worker), facts={"duration_s": 1})
    outbox.announce_all()
    found = tally.read()
    assert sum(value for (name, key), value in found.items() if name == GATE_WAIT.name and key != "sum") == 2
    assert found[GATE_WAIT.name, "sum"] > 0


def test_a_retry_is_no_end(people: People) -> None:
    (execution,) = ask(people, make_action(retry={"max_attempts": 2, "delay_s": 0}))
    end(claimed(execution, make_worker()), Status.FAILED, facts={"duration_s": 0.1})
    outbox.announce_all()
    found = tally.read()
    assert (found[RETRIED.name, ""], found[DURATION.name, "0.1"]) == (1, 1)
    assert not any(name == ENDED.name for name, _ in found)
