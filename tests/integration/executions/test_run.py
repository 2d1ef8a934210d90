"""A worker's way with an execution while the database gives up one step of it after the other."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from apps.executions import lines, run
from apps.executions.definitions import definition_of
from apps.executions.models import Execution
from apps.executions.services import finish as finishing
from apps.executions.services.finish import Ending
from apps.executions.states import Status
from apps.executions.transitions import claim, transition
from apps.runner.warden_client import Warden
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from tests.asking import ask
from tests.database_trouble import locked_tables, once_cut_off
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, status_of


@pytest.fixture
def host(people: People) -> Host:
    worker = make_worker("tom")
    nothing, nowhere = Capabilities("default", {}), Path("/nonexistent")
    return Host(worker.pk, worker.name, Warden(silence_s=60), nothing, "volume", nowhere, Intake([]))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_PAUSES_S", (0.0, 0.0))


def give_up(*_: Any, **__: Any) -> None:
    raise OperationalError("the connection is lost")


def test_a_result_outlives_the_session_that_was_to_write_it(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    held = claimed(first, make_worker())
    monkeypatch.setattr(finishing, "transition", once_cut_off(transition))
    ending = Ending(status=Status.SUCCEEDED, result={"answer": 42})
    assert run._finish(held, ending, definition_of(held.definition_id)) is Status.SUCCEEDED
    first.refresh_from_db()
    assert (first.status, first.result, status_of(second)) == ("succeeded", {"answer": 42}, "scheduled")


def test_a_slot_is_given_back_though_the_session_ended_after_the_result(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}), count=2)
    held = claimed(first, make_worker())
    monkeypatch.setattr(lines, "leave", once_cut_off(lines.leave))
    ending = Ending(status=Status.SUCCEEDED)
    assert run._finish(held, ending, definition_of(held.definition_id)) is Status.SUCCEEDED
    assert (status_of(first), status_of(second)) == ("succeeded", "scheduled")


@pytest.mark.parametrize("on_lost", ["requeue", "fail"])
def test_what_could_not_be_prepared_goes_back_and_costs_neither_a_loss_nor_a_try(
    people: People, host: Host, monkeypatch: pytest.MonkeyPatch, on_lost: str
) -> None:
    first, second = ask(people, make_action(concurrency={"limit": 1}, on_lost=on_lost), count=2)
    monkeypatch.setattr(run, "_prepare", give_up)
    run.run_execution(first.pk, 1, host=host)
    first.refresh_from_db()
    assert (first.status, first.attempt, first.losses, first.retries) == ("scheduled", 2, 0, 0)
    assert status_of(second) == "delayed"
    told = [(row.reason or {}).get("code") for row in first.history.all()]
    assert "database_away" in told


def test_a_claim_the_database_gives_up_runs_nothing_and_is_no_error(people: People, host: Host) -> None:
    (execution,) = ask(people)
    with locked_tables(lambda name: name == "executions_execution"):
        run.run_execution(execution.pk, 1, host=host)
    assert status_of(execution) == "scheduled"
    assert host.running_ids == []


def test_a_session_that_ends_before_the_claim_costs_nothing(
    people: People, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    (execution,) = ask(people)
    monkeypatch.setattr(run, "claim", once_cut_off(claim))
    monkeypatch.setattr(run, "_prepare", give_up)
    run.run_execution(execution.pk, 1, host=host)
    assert Execution.objects.get(pk=execution.pk).attempt == 2
    connection.close()
