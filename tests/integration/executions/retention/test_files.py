"""Logs and artifacts go before their execution does."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from apps.executions.files import artifacts_folder, attempt_folder, execution_folder
from apps.executions.retention import candidates
from apps.executions.retention.files import collect_artifacts, collect_logs
from apps.executions.services.pin import pin_execution, unpin_execution
from apps.executions.states import Status
from tests.factories import leave_files, make_ended, make_execution
from tests.people import People
from tests.threads import race

pytestmark = pytest.mark.usefixtures("artifacts_dir")


def test_logs_go_when_their_days_are_over_and_artifacts_stay() -> None:
    old, young = make_ended(days_ago=8, attempt=2), make_ended(days_ago=6)
    leave_files(old, attempt=2)
    assert collect_logs() == 1
    old.refresh_from_db()
    assert old.logs_removed_at is not None
    assert old.artifacts_removed_at is None
    for attempt in (1, 2):
        assert [path.name for path in attempt_folder(old.pk, attempt).iterdir()] == ["artifacts"]
    assert (artifacts_folder(old.pk, 1) / "report.txt").exists()
    assert (attempt_folder(young.pk, 1) / "stdout.log").exists()
    assert collect_logs() == 0


def test_artifacts_go_by_days_of_their_own(settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_ARTIFACTS = timedelta(days=2)
    old = make_ended(days_ago=3)
    assert collect_artifacts() == 1
    old.refresh_from_db()
    assert old.artifacts_removed_at is not None
    assert not artifacts_folder(old.pk, 1).exists()
    assert (attempt_folder(old.pk, 1) / "stdout.log").exists()


def test_a_folder_with_nothing_left_in_it_goes_too(settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_ARTIFACTS = settings.ATTUNE_RETENTION_LOGS
    old = make_ended(days_ago=8)
    assert collect_artifacts() + collect_logs() == 2
    assert not execution_folder(old.pk).exists()


def test_what_an_action_put_in_the_place_of_its_folder_is_removed_and_not_followed(
    settings: LazySettings, tmp_path: Path
) -> None:
    settings.ATTUNE_RETENTION_ARTIFACTS = timedelta(days=2)
    old = make_ended(days_ago=3)
    elsewhere = tmp_path / "elsewhere"
    artifacts_folder(old.pk, 1).rename(elsewhere)
    artifacts_folder(old.pk, 1).symlink_to(elsewhere)
    assert collect_artifacts() == 1
    assert (elsewhere / "report.txt").exists()
    assert not artifacts_folder(old.pk, 1).is_symlink()


def test_never_keeps_them_for_ever(settings: LazySettings) -> None:
    settings.ATTUNE_RETENTION_LOGS = settings.ATTUNE_RETENTION_ARTIFACTS = None
    make_ended(days_ago=10_000)
    assert collect_logs() + collect_artifacts() == 0


def test_one_that_never_ran_is_looked_at_once() -> None:
    canceled = make_execution(status=Status.CANCELED, ended_at="2020-01-01T00:00Z")
    assert collect_logs() == 1
    assert collect_logs() == 0
    assert not execution_folder(canceled.pk).exists()


def test_a_pinned_one_keeps_its_log_and_so_does_who_asked_for_it(people: People) -> None:
    parent = make_ended(days_ago=20)
    pinned = make_ended(days_ago=20, parent_id=parent.pk)
    child = make_ended(days_ago=20, parent_id=pinned.pk)
    pin_execution(people.administrator, pinned.pk, reason="the audit")
    assert collect_logs() == 0
    unpin_execution(people.administrator, pinned.pk)
    assert collect_logs() == 3
    assert not (attempt_folder(child.pk, 1) / "stdout.log").exists()


def test_several_may_remove_at_once() -> None:
    for number in range(20):
        make_ended(days_ago=8 + number)
    assert sum(race(4, lambda _: collect_logs())) + collect_logs() == 20


def test_what_cannot_be_removed_is_not_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, other = make_ended(days_ago=9), make_ended(days_ago=8)

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if execution_folder(stuck.pk) in path.parents:
            raise PermissionError(1, "Operation not permitted")
        real(path, missing_ok=missing_ok)

    real = Path.unlink
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        assert collect_logs() == 1
    stuck.refresh_from_db()
    other.refresh_from_db()
    assert stuck.logs_removed_at is None
    assert other.logs_removed_at is not None
    assert collect_logs() == 1


def test_a_folder_that_an_action_made_among_the_logs_goes_with_them() -> None:
    old = make_ended(days_ago=8)
    (attempt_folder(old.pk, 1) / "mine" / "deeper").mkdir(parents=True)
    assert collect_logs() == 1
    assert [path.name for path in attempt_folder(old.pk, 1).iterdir()] == ["artifacts"]


def test_those_that_refuse_do_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "BATCH", 2)
    stuck = [make_ended(days_ago=20 + number) for number in range(5)]
    other = make_ended(days_ago=9)
    folders = {execution_folder(execution.pk) for execution in stuck}

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if folders & set(path.parents):
            raise PermissionError(1, "Operation not permitted")
        real(path, missing_ok=missing_ok)

    real = Path.unlink
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        assert sum(collect_logs() for _ in range(4)) == 1
    other.refresh_from_db()
    assert other.logs_removed_at is not None
    assert sum(collect_logs() for _ in range(4)) == len(stuck)
