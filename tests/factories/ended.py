"""Executions that ended some days ago, with the files an attempt leaves."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.executions.files import artifacts_folder, attempt_folder, execution_folder
from apps.executions.models import Execution, History
from apps.executions.states import Status
from tests.factories.executions import make_execution


def make_ended(*, days_ago: float, status: Status = Status.SUCCEEDED, **fields: Any) -> Execution:
    """All of its history announced; a log of both streams and one artifact."""
    at = timezone.now() - timedelta(days=days_ago)
    execution = make_execution(status=status, **{"ended_at": at, "started_at": at, **fields})
    History.objects.filter(execution=execution).update(announced_at=at)
    leave_files(execution)
    return execution


def leave_files(execution: Execution, *, attempt: int = 1) -> Path:
    """The folder of all its files."""
    logs, artifacts = attempt_folder(execution.pk, attempt), artifacts_folder(execution.pk, attempt)
    artifacts.mkdir(parents=True)
    (artifacts / "report.txt").write_text("all is well")
    for name in ("stdout.log", "stderr.log", "index"):
        (logs / name).write_text("hello")
    return execution_folder(execution.pk)
