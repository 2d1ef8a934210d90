"""Files that lie where an attempt is about to write its own: a database was restored that knew less than the disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.executions.artifacts import artifacts_of
from apps.executions.files import attempt_folder
from apps.executions.models import Execution
from apps.executions.run import run_execution
from apps.executions.services.request import Wish, request_executions
from apps.workers.host import Host
from tests.factories import leave_files
from tests.installed import hosted_worker, install_packs
from tests.people import People


@pytest.fixture
def host(people: People, settings: Any, tmp_path: Path) -> Iterator[Host]:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.ATTUNE_WORK_DIR = tmp_path
    install_packs("oracle")
    with hosted_worker(tmp_path / "work") as host:
        yield host


def test_an_attempt_begins_without_the_files_of_another_execution_of_its_number(
    people: People, host: Host, tmp_path: Path
) -> None:
    wish = Wish(action="oracle.free", parameters={"file": str(tmp_path / "notes"), "n": 1})
    (pk,) = request_executions(people.owner, [wish]).execution_ids
    leave_files(Execution(pk=pk))
    run_execution(pk, 1, host=host)
    execution = Execution.objects.get()
    assert execution.status == "succeeded"
    assert artifacts_of(execution) == []
    assert all(path.read_bytes() != b"hello" for path in attempt_folder(pk, 1).iterdir() if path.is_file())
