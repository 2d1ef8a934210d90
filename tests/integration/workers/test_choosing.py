"""Which version of a runtime an execution waits for, and what it says while nobody has one."""

from typing import Any

import pytest

from apps.executions.hints import send_again
from apps.executions.models import Execution
from apps.executions.waiting import explain
from apps.workers.choosing import fits, queue_for
from apps.workers.models import Worker
from tests.asking import ask
from tests.conftest import messages_in
from tests.factories import make_action, make_worker
from tests.people import People

pytestmark = pytest.mark.usefixtures("fresh")


def worker_with(name: str, *versions: str, **fields: Any) -> None:
    pool = fields.get("pool", "default")
    queues = [f"run.{pool}.python", *(f"run.{pool}.python-{version.rpartition('.')[0]}" for version in versions)]
    found = [{"version": version, "interpreter": f"/python{version}"} for version in versions]
    make_worker(name, **{"runtimes": {"python": found}, "queues": queues, **fields})


def wanting(people: People, wanted: str) -> Execution:
    (execution,) = ask(people, make_action(runtime="python", runtime_version=wanted))
    return execution


def reason_of(execution: Execution) -> dict[str, Any]:
    execution.refresh_from_db()
    reason = explain([execution])[execution.pk].reason
    assert reason is not None
    return reason


def test_without_a_range_any_worker_of_the_runtime_will_do() -> None:
    assert queue_for("default", "python", "") == "run.default.python"
    assert fits({}, "python", "")


def test_a_range_leads_to_the_version_that_most_workers_have_and_to_the_newest_of_equals() -> None:
    worker_with("one", "3.11.7", "3.9.16")
    worker_with("two", "3.12.1", "3.11.2")
    worker_with("three", "3.12.1", pool="gpu")
    worker_with("gone", "3.12.1", status="lost")
    assert queue_for("default", "python", ">=3.9") == "run.default.python-3.11"
    assert queue_for("default", "python", "<3.11") == "run.default.python-3.9"
    assert queue_for("default", "python", "!=3.11") == "run.default.python-3.12"
    assert queue_for("gpu", "python", ">=3.9") == "run.gpu.python-3.12"


def test_a_version_whose_workers_take_nothing_is_chosen_only_where_no_other_fits() -> None:
    worker_with("one", "3.11.7", status="draining")
    worker_with("two", "3.11.7", status="cordoned")
    assert queue_for("default", "python", ">=3.9") == "run.default.python-3.11"
    worker_with("three", "3.12.1")
    assert queue_for("default", "python", ">=3.9") == "run.default.python-3.12"


def test_what_waits_for_workers_that_drain_goes_on_with_another_version(people: People) -> None:
    worker_with("one", "3.11.7")
    worker_with("two", "3.11.7")
    execution = wanting(people, ">=3.9")
    Worker.objects.update(status="draining")
    worker_with("three", "3.12.1")
    assert send_again() == 1
    execution.refresh_from_db()
    assert execution.queue == "run.default.python-3.12"


def test_a_range_that_tells_releases_apart_leads_past_workers_with_the_others() -> None:
    worker_with("one", "3.11.2")
    worker_with("two", "3.11.2")
    worker_with("three", "3.11.7")
    assert queue_for("default", "python", ">=3.11.5") == "run.default.python-3.11.7"
    assert queue_for("default", "python", ">=3.11") == "run.default.python-3.11"


def test_a_worker_of_the_version_is_hinted(people: People) -> None:
    worker_with("one", "3.11.7", "3.9.16")
    execution = wanting(people, ">=3.9,<3.10")
    assert (execution.queue, messages_in("run.default.python-3.9")) == ("run.default.python-3.9", 1)


def test_where_none_fits_it_waits_and_says_what_there_is(people: People) -> None:
    worker_with("one", "3.11.7", "3.9.16")
    worker_with("two", "3.11.7")
    worker_with("three", "3.13.0", pool="gpu")
    execution = wanting(people, ">=3.13")
    reason = reason_of(execution)
    assert reason["code"] == "no_worker"
    assert reason["text"] == "no worker has python >=3.13; workers have 3.11.7, 3.9.16"
    assert messages_in(execution.queue) == 0


def test_where_nobody_has_the_runtime_at_all_it_says_so(people: People) -> None:
    make_worker("shell only")
    assert reason_of(wanting(people, ">=3.13"))["text"] == "no worker has python >=3.13, nor any other"


def test_the_worker_that_comes_is_found(people: People) -> None:
    execution = wanting(people, ">=3.13")
    send_again()
    assert reason_of(execution)["code"] == "no_worker"
    worker_with("late", "3.13.1")
    assert send_again() == 1
    execution.refresh_from_db()
    assert (execution.queue, messages_in("run.default.python-3.13")) == ("run.default.python-3.13", 1)


def test_what_waits_for_a_version_that_is_gone_goes_on_with_another(people: People) -> None:
    worker_with("old", "3.11.7")
    execution = wanting(people, ">=3.9")
    worker_with("new", "3.12.1")
    send_again()  # the old one is still there
    execution.refresh_from_db()
    assert execution.queue == "run.default.python-3.11"
    Worker.objects.filter(name="old").update(status="stopped")
    assert send_again() == 1
    execution.refresh_from_db()
    assert execution.queue == "run.default.python-3.12"
