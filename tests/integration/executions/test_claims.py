"""A worker lives, and the database says that it runs something it knows nothing of."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from apps.executions import run
from apps.executions.claims import look_after_claims
from apps.executions.models import Execution
from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runner.warden_client import Warden
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from apps.workers.models import Worker
from tests.asking import ask
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, status_of


@pytest.fixture
def host(people: People) -> Host:
    worker = make_worker("tom")
    nothing, nowhere = Capabilities("default", {}), Path("/nonexistent")
    return Host(worker.pk, worker.name, Warden(silence_s=60), nothing, "volume", nowhere, Intake([]))


def look(host: Host) -> None:
    connection.ensure_connection()
    beat: psycopg.Connection[tuple[Any, ...]] = connection.connection
    look_after_claims(host, beat)


def give(execution: Execution, host: Host) -> None:
    """A claim whose answer never reached the worker."""
    claimed(execution, Worker.objects.get(pk=host.worker_id))


def test_what_it_claimed_and_nobody_works_at_goes_back_to_its_place(people: People, host: Host) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    give(first, host)
    look(host)
    first.refresh_from_db()
    assert (first.status, first.attempt, status_of(second)) == ("scheduled", 2, "delayed")
    reason = first.history.get(attempt=1, reason__code="claim_lost").reason
    assert reason is not None
    assert reason["worker"] == "tom"


def test_what_may_not_run_again_ends_and_lets_the_next_in(people: People, host: Host) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}, on_lost="fail"), count=2)
    give(first, host)
    look(host)
    assert (status_of(first), status_of(second)) == ("abandoned", "scheduled")


def test_what_it_works_at_goes_on(people: People, host: Host) -> None:
    (execution,) = ask(people)
    give(execution, host)
    with host.running(execution.pk, RunControl()):
        look(host)
    assert status_of(execution) == "running"


def test_what_runs_on_other_workers_is_none_of_its_business(people: People, host: Host) -> None:
    (execution,) = ask(people)
    claimed(execution, make_worker("another"))
    look(host)
    assert status_of(execution) == "running"


def test_what_is_to_be_canceled_is_stopped(people: People, host: Host) -> None:
    (execution,) = ask(people)
    give(execution, host)
    Execution.objects.filter(pk=execution.pk).update(status="canceling")
    control = RunControl()
    with host.running(execution.pk, control):
        look(host)
    assert (control.stop_reason, status_of(execution)) == (StopReason.CANCELED, "canceling")


def test_a_database_that_goes_away_after_the_claim_leaves_nothing_that_says_it_runs(
    people: People, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    (execution,) = ask(people)

    def away(definition_id: int) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(run, "definition_of", away)
    monkeypatch.setattr(run, "_PAUSES_S", (0.0,))
    with pytest.raises(OperationalError):
        run.run_execution(execution.pk, 1, host=host)
    assert status_of(execution) == "running"
    look(host)
    assert status_of(execution) == "requested"


def test_a_stop_reaches_a_run_from_its_claim_on(people: People, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (execution,) = ask(people)
    seen: list[list[int]] = []

    def claim(execution_id: int, **_: object) -> None:
        seen.append(host.running_ids)

    monkeypatch.setattr(run, "claim", claim)
    with host.running(execution.pk, RunControl()):
        run.run_execution(execution.pk, 1, host=host)  # a second hint about the same
        seen.append(host.running_ids)
    assert seen == [[execution.pk], [execution.pk]]
    assert host.running_ids == []
