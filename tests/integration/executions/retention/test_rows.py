"""Executions that have served their time, and what keeps them."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction

from apps.core.metrics import counting
from apps.core.metrics.catalogue import SWEEP_ROWS
from apps.executions.files import execution_folder
from apps.executions.models import Execution, History, SecretParameters
from apps.executions.retention.collector import Collector
from apps.executions.retention.rows import collect_executions
from apps.executions.services.cancel import UnknownExecution
from apps.executions.services.pin import pin_execution, unpin_execution
from apps.executions.services.rerun import rerun_execution
from apps.executions.states import TERMINAL, Status
from tests.factories import make_action, make_ended, make_execution
from tests.people import People
from tests.threads import race, wait_for_locks

pytestmark = pytest.mark.usefixtures("artifacts_dir")


def there() -> set[int]:
    return set(Execution.objects.values_list("pk", flat=True))


def collect_all() -> int:
    """Until nothing is left to do: a parent goes after its children."""
    total = 0
    while done := collect_executions():
        total += done
    return total


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_an_execution_goes_with_its_history_and_files_when_its_days_are_over(status: str) -> None:
    old, young = make_ended(days_ago=31, status=Status(status)), make_ended(days_ago=29, status=Status(status))
    assert collect_all() == 1
    assert there() == {young.pk}
    assert not History.objects.filter(execution=old).exists()
    assert not execution_folder(old.pk).exists()
    assert execution_folder(young.pk).exists()


def test_what_has_not_ended_stays_however_old() -> None:
    waiting = make_execution()
    Execution.objects.update(created_at="2000-01-01T00:00Z")
    assert collect_all() == 0
    assert there() == {waiting.pk}


def test_never_keeps_for_ever(settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_EXECUTIONS = None
    make_ended(days_ago=10_000)
    assert collect_all() == 0


def test_what_was_not_announced_yet_is_announced_first() -> None:
    old = make_ended(days_ago=31)
    History.objects.filter(execution=old).update(announced_at=None)
    assert collect_all() == 0
    assert there() == {old.pk}


def test_children_go_before_those_who_asked_for_them() -> None:
    grandparent = make_ended(days_ago=40)
    parent = make_ended(days_ago=40, parent_id=grandparent.pk)
    make_ended(days_ago=40, parent_id=parent.pk)
    assert collect_executions() == 1
    assert there() == {grandparent.pk, parent.pk}
    assert collect_all() == 2


@pytest.mark.parametrize("above", ["runs", "is young", "is pinned"])
def test_a_child_stays_with_whoever_asked_for_it(people: People, above: str) -> None:
    top = (
        make_execution(status=Status.RUNNING) if above == "runs" else make_ended(days_ago=1 if "young" in above else 40)
    )
    middle = make_ended(days_ago=40, parent_id=top.pk)
    bottom = make_ended(days_ago=40, parent_id=middle.pk)
    if above == "is pinned":
        pin_execution(people.administrator, top.pk, reason="the audit")
    assert collect_all() == 0
    assert there() == {top.pk, middle.pk, bottom.pk}


def test_a_pinned_one_stays_with_its_files_and_who_asked_for_it(people: People) -> None:
    top = make_ended(days_ago=40)
    pinned = make_ended(days_ago=40, parent_id=top.pk)
    sibling = make_ended(days_ago=40, parent_id=top.pk)
    pin_execution(people.administrator, pinned.pk, reason="the audit")
    assert collect_all() == 1
    assert there() == {top.pk, pinned.pk}
    assert not execution_folder(sibling.pk).exists()
    unpin_execution(people.administrator, pinned.pk)
    assert collect_all() == 2
    assert not execution_folder(pinned.pk).exists()


def test_many_pinned_old_ones_do_not_hide_what_is_due_behind_them(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        pin_execution(people.administrator, make_ended(days_ago=50).pk, reason="the audit")
    due = make_ended(days_ago=31)
    monkeypatch.setattr("apps.executions.retention.candidates.BATCH", 2)
    assert collect_executions() == 1
    assert due.pk not in there()


def test_a_rerun_forgets_what_it_repeated_and_keeps_its_secrets() -> None:
    secret = SecretParameters.objects.create(sealed=b"sealed")
    lonely = SecretParameters.objects.create(sealed=b"sealed")
    original = make_ended(days_ago=40, secret_parameters_id=secret.pk)
    make_ended(days_ago=40, secret_parameters_id=lonely.pk)
    rerun = make_ended(days_ago=1, rerun_of_id=original.pk, secret_parameters_id=secret.pk)
    assert collect_all() == 2
    rerun.refresh_from_db()
    assert rerun.rerun_of_id is None
    assert set(SecretParameters.objects.values_list("pk", flat=True)) == {secret.pk}


def test_an_execution_whose_rerun_is_being_written_waits_for_the_next_round() -> None:
    original = make_ended(days_ago=40)
    rerun = make_ended(days_ago=1, rerun_of_id=original.pk)

    def collect(index: int) -> int:
        if index == 0:
            with transaction.atomic():
                Execution.objects.select_for_update().get(pk=rerun.pk)
                locked.set()
                assert collected.wait(30)
            return 0
        assert locked.wait(30)
        try:
            return collect_executions()
        finally:
            collected.set()

    locked, collected = threading.Event(), threading.Event()
    assert race(2, collect) == [0, 0]
    assert original.pk in there()
    assert collect_all() == 1


def test_several_collect_at_once_and_each_goes_once(artifacts_dir: Path) -> None:
    ids = {make_ended(days_ago=31 + number).pk for number in range(30)}

    def collect(_: int) -> int:
        return sum(collect_executions() for _ in range(3))

    assert sum(race(4, collect)) + collect_all() == len(ids)
    assert there() == set()
    assert not any(path.is_dir() for path in (artifacts_dir / "executions").glob("*/*"))


def test_one_round_takes_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        make_ended(days_ago=31)
    monkeypatch.setattr("apps.executions.retention.candidates.BATCH", 2)
    assert collect_executions() == 2
    assert collect_executions() == 1


def test_a_crash_between_files_and_rows_is_made_good_by_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(ids: object) -> None:
        raise DatabaseError

    old = make_ended(days_ago=31)
    folder = execution_folder(old.pk)
    with monkeypatch.context() as patched:
        patched.setattr("apps.executions.retention.rows._delete", die)
        with pytest.raises(DatabaseError):
            collect_executions()
    assert not folder.exists()
    assert there() == {old.pk}
    assert collect_all() == 1


def test_nothing_goes_where_the_files_cannot_be_seen(artifacts_dir: Path) -> None:
    old = make_ended(days_ago=31)
    (artifacts_dir / "executions").rename(artifacts_dir / "elsewhere")
    assert collect_all() == 0
    assert there() == {old.pk}


def test_a_pin_that_comes_while_it_is_removed_finds_nothing(people: People) -> None:
    old = make_ended(days_ago=31)
    held = threading.Event()

    def act(index: int) -> str:
        if index == 0:
            with transaction.atomic():
                Execution.objects.select_for_update().get(pk=old.pk)
                held.set()
                wait_for_locks(1)
                History.objects.filter(execution=old).delete()
                Execution.objects.filter(pk=old.pk).delete()
            return "removed"
        assert held.wait(30)
        try:
            pin_execution(people.administrator, old.pk, reason="too late")
        except UnknownExecution:
            return "unknown"
        return "pinned"

    assert race(2, act) == ["removed", "unknown"]


def test_a_rerun_that_comes_while_it_is_removed_finds_nothing(people: People) -> None:
    old = make_ended(days_ago=31, action_ref=make_action().ref)
    held = threading.Event()

    def act(index: int) -> str:
        if index == 0:
            with transaction.atomic():
                Execution.objects.select_for_update().get(pk=old.pk)
                held.set()
                wait_for_locks(1)
                History.objects.filter(execution=old).delete()
                Execution.objects.filter(pk=old.pk).delete()
            return "removed"
        assert held.wait(30)
        try:
            rerun_execution(people.administrator, old.pk, parameters={})
        except UnknownExecution:
            return "unknown"
        return "accepted"

    assert race(2, act) == ["removed", "unknown"]


def test_the_collector_counts_what_it_removed() -> None:
    make_ended(days_ago=31)
    before = _counted("collect_executions")
    assert Collector().round() > 1
    assert _counted("collect_executions") == before + 1


def _counted(step: str) -> float:
    return sum(
        value for (name, labels, _), value in counting._counted.items() if name == SWEEP_ROWS.name and labels == (step,)
    )


def test_the_spans_are_those_of_the_settings(settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_EXECUTIONS = timedelta(hours=1)
    make_ended(days_ago=0.5)
    assert collect_all() == 1


def test_one_that_is_just_being_run_again_is_left_for_the_next_round() -> None:
    old = make_ended(days_ago=31)
    held, collected = threading.Event(), threading.Event()

    def act(index: int) -> int:
        if index == 0:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM executions_execution WHERE id = %s FOR KEY SHARE", [old.pk])
                held.set()
                assert collected.wait(30)
            return 0
        assert held.wait(30)
        try:
            return collect_executions()
        finally:
            collected.set()

    assert race(2, act) == [0, 0]
    assert execution_folder(old.pk).exists()
    assert collect_all() == 1
