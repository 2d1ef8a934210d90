"""Where an execution's files lie: `{artifacts_dir}/executions/{id // 1000}/{id}/{attempt}/`."""

from pathlib import Path

from django.conf import settings

from apps.runner.logread import LogReader

#: A larger result becomes an artifact.
MAX_RESULT_BYTES = 1024 * 1024
#: Beside the logs of an attempt; the action sees it as `context.artifacts_dir`.
ARTIFACTS = "artifacts"
#: Executions whose folders lie in one.
PER_FOLDER = 1000


def attempt_folder(execution_id: int, attempt: int) -> Path:
    return execution_folder(execution_id) / str(attempt)


def artifacts_folder(execution_id: int, attempt: int) -> Path:
    return attempt_folder(execution_id, attempt) / ARTIFACTS


def log_reader(execution_id: int, attempt: int) -> LogReader:
    """Reads like an empty log while nothing has been written."""
    return LogReader(attempt_folder(execution_id, attempt))


def execution_folder(execution_id: int) -> Path:
    """All files of all its attempts."""
    return executions_root() / str(execution_id // PER_FOLDER) / str(execution_id)


def executions_root() -> Path:
    return Path(settings.ATTUNE_ARTIFACTS_DIR) / "executions"
