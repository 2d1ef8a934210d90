"""What else has served its time: keys, operations, results of tasks, workers."""

from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_celery_results.models import TaskResult

from apps.executions import idempotency
from apps.executions.idempotency import forget_old_keys
from apps.executions.models import Execution, IdempotencyKey
from apps.executions.retention.rows import collect_executions
from apps.executions.retention.workers import collect_workers
from apps.executions.services.pin import pin_execution
from apps.executions.states import Status
from apps.operations.models import Operation
from apps.operations.retention import collect_operations, collect_task_results
from apps.workers.models import Worker
from tests.factories import make_ended, make_execution, make_worker
from tests.people import People
from tests.threads import race

pytestmark = pytest.mark.usefixtures("artifacts_dir")


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def make_key(people: People, name: str, *, days_ago: float) -> None:
    key = IdempotencyKey.objects.create(identity=people.owner, key=name, body_sha256=b"")
    IdempotencyKey.objects.filter(pk=key.pk).update(created_at=ago(days_ago))


def test_keys_are_forgotten_after_a_day_some_at_a_time(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_FORGOTTEN", 2)
    for number in range(3):
        make_key(people, f"old {number}", days_ago=1.1)
    make_key(people, "young", days_ago=0.9)
    assert [forget_old_keys(), forget_old_keys(), forget_old_keys()] == [2, 1, 0]
    assert [key.key for key in IdempotencyKey.objects.all()] == ["young"]


def test_keys_may_be_remembered_for_ever(people: People, settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_IDEMPOTENCY_KEYS = None
    make_key(people, "old", days_ago=1000)
    assert forget_old_keys() == 0


def test_operations_that_ended_go_with_their_logs_and_others_stay() -> None:
    def make(status: str, *, days_ago: float | None) -> Operation:
        ended_at = None if days_ago is None else ago(days_ago)
        return Operation.objects.create(kind="pack.install", subject="acme", status=status, ended_at=ended_at)

    make("succeeded", days_ago=31)
    make("failed", days_ago=31)
    young, running = make("failed", days_ago=29), make("running", days_ago=None)
    Operation.objects.update(created_at=ago(100))
    assert collect_operations() == 2
    assert set(Operation.objects.all()) == {young, running}


def test_results_of_internal_tasks_go_with_them() -> None:
    for task_id, days_ago in (("old", 31), ("young", 1)):
        TaskResult.objects.create(task_id=task_id)
        TaskResult.objects.filter(task_id=task_id).update(date_done=ago(days_ago))
    assert collect_task_results() == 1
    assert TaskResult.objects.get().task_id == "young"


def test_workers_that_are_gone_for_long_are_forgotten() -> None:
    make_worker("lives", last_heartbeat=ago(100))
    make_worker("late", status="stopped", ended_at=ago(29))
    make_worker("lost", status="lost", ended_at=ago(31))
    make_worker("stopped", status="stopped", ended_at=ago(31))
    assert sum(race(3, lambda _: collect_workers())) == 2
    assert set(Worker.objects.values_list("name", flat=True)) == {"lives", "late"}


def test_a_worker_stays_as_long_as_a_kept_execution_names_it(people: People) -> None:
    worker = make_worker("tom", status="stopped", ended_at=ago(40))
    kept = make_ended(days_ago=50, worker_id=worker.pk)
    Execution.objects.update(created_at=ago(50))
    pin_execution(people.administrator, kept.pk, reason="the audit")
    assert collect_executions() + collect_workers() == 0
    kept.pin.delete()
    assert (collect_executions(), collect_workers()) == (1, 1)


def test_workers_stay_where_executions_are_kept_for_ever(settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_EXECUTIONS = None
    make_worker("tom", status="stopped", ended_at=ago(1000))
    assert collect_workers() == 0


def test_an_execution_whose_worker_is_forgotten_can_still_be_looked_at() -> None:
    worker = make_worker("tom")
    execution = make_execution(status=Status.SUCCEEDED, worker_id=worker.pk)
    Worker.objects.filter(pk=worker.pk).delete()
    assert Execution.objects.select_related("worker").get(pk=execution.pk).worker is None
