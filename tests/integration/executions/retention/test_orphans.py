"""Folders of executions that nobody knows."""

import os
import time
from pathlib import Path

import pytest

from apps.executions.files import execution_folder
from apps.executions.models import Execution, History
from apps.executions.retention import orphans
from apps.executions.retention.orphans import OrphanSearch
from apps.runner.removal import remove_tree
from tests.factories import leave_files, make_ended

pytestmark = pytest.mark.usefixtures("artifacts_dir")

_OLD_S = 2 * 86_400


def age(folder: Path) -> None:
    os.utime(folder, (time.time() - _OLD_S, time.time() - _OLD_S))


def search() -> int:
    """All folders once."""
    searching = OrphanSearch()
    return searching() + searching()


def test_a_folder_without_an_execution_goes_and_others_stay() -> None:
    known, unknown = make_ended(days_ago=1), make_ended(days_ago=1)
    age(execution_folder(known.pk))
    age(execution_folder(unknown.pk))
    History.objects.filter(execution=unknown).delete()
    unknown.delete()
    assert search() == 1
    assert execution_folder(known.pk).exists()


def test_a_young_one_stays_for_a_day() -> None:
    leave_files(Execution(pk=999_999_999))
    assert search() == 0
    age(execution_folder(999_999_999))
    assert search() == 1


def test_an_empty_folder_of_a_thousand_goes_when_no_new_execution_comes_there(artifacts_dir: Path) -> None:
    ended = make_ended(days_ago=1)
    first = ended.pk // 1000
    (artifacts_dir / "executions" / str(first + 1)).mkdir()
    Execution.objects.filter(pk=ended.pk)
    search()
    assert (artifacts_dir / "executions" / str(first + 1)).exists()
    assert execution_folder(ended.pk).exists()


def test_a_few_folders_are_looked_through_in_a_round_and_all_in_turn(artifacts_dir: Path) -> None:
    for number in range(12):
        folder = leave_files(Execution(pk=900_000_000 + number * 1000))
        age(folder)
    searching = OrphanSearch()
    rounds = [searching() for _ in range(5)]
    assert max(rounds) <= 5
    assert sum(rounds) == 12


def test_other_things_in_the_folder_are_left_alone(artifacts_dir: Path) -> None:
    strange = artifacts_dir / "executions" / "lost+found"
    strange.mkdir()
    age(strange)
    assert search() == 0
    assert strange.exists()


def test_an_execution_that_gets_the_number_of_a_folder_meanwhile_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = {row.pk: row for row in (make_ended(days_ago=1), make_ended(days_ago=1))}
    for pk in rows:
        age(execution_folder(pk))
    History.objects.all().delete()
    Execution.objects.all().delete()

    def remove_and_begin(folder: Path) -> None:
        if not Execution.objects.exists():
            other = next(row for pk, row in rows.items() if execution_folder(pk).exists())
            other.save(force_insert=True)
        real(folder)

    real = remove_tree
    monkeypatch.setattr(orphans, "remove_tree", remove_and_begin)
    assert search() == 1
    assert execution_folder(Execution.objects.get().pk).exists()


def test_what_a_killed_search_had_put_aside_goes_with_the_next(artifacts_dir: Path) -> None:
    aside = artifacts_dir / "executions" / "0" / ".orphan-7" / "1"
    aside.mkdir(parents=True)
    search()
    assert not aside.exists()
