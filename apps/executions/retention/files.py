"""Removes the files of executions: first the files, then what the database says of them, so that a crash between the
two is made good by the next round."""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from apps.executions.files import ARTIFACTS, execution_folder, executions_root
from apps.executions.retention.candidates import Part, lock_due, note_refused
from apps.runner.removal import remove_tree

logger = logging.getLogger(__name__)


def collect_logs() -> int:
    """Removes logs older than `ATTUNE_RETENTION_LOGS_DAYS`. Returns of how many executions."""
    return _collect(Part.LOGS, settings.ATTUNE_RETENTION_LOGS, column="logs_removed_at", remove=_remove_logs)


def collect_artifacts() -> int:
    """The same for artifacts."""
    kept_for = settings.ATTUNE_RETENTION_ARTIFACTS
    return _collect(Part.ARTIFACTS, kept_for, column="artifacts_removed_at", remove=_remove_artifacts)


@transaction.atomic(durable=True)
def _collect(part: Part, kept_for: timedelta | None, *, column: str, remove: Callable[[Path], None]) -> int:
    if kept_for is None or not files_are_here():
        return 0
    ids = removed_of(part, lock_due(part, kept_for), remove)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE executions_execution SET {column} = clock_timestamp() WHERE id = ANY(%s)",
            [ids],
        )
    return len(ids)


def files_are_here() -> bool:
    """Whether this host sees the folder of logs and artifacts at all; else nothing may be said to be removed."""
    if executions_root().is_dir():
        return True
    _tell_once(executions_root())
    return False


@cache
def _tell_once(root: Path) -> None:
    """Each process: it is no news in the next round."""
    logger.warning("there is no %s here, so no execution is removed by age", root)


def removed_of(part: Part, ids: Sequence[int], remove: Callable[[Path], None]) -> list[int]:
    """Those whose files are gone now; what refuses is told, and tried again in a later round."""
    removed: list[int] = []
    refused: dict[int, str] = {}
    for execution_id in ids:
        try:
            with suppress(FileNotFoundError):
                remove(execution_folder(execution_id))
        except OSError as error:
            refused[execution_id] = error.strerror or str(error)
        else:
            removed.append(execution_id)
    if refused:
        first, why = next(iter(refused.items()))
        logger.warning("files of %d executions cannot be removed (%d: %s)", len(refused), first, why)
        note_refused(part, refused)
    return removed


def _remove_logs(folder: Path) -> None:
    for attempt in _attempts(folder):
        for path in attempt.iterdir():
            if path.name != ARTIFACTS:
                _remove_whatever(path)
    _remove_if_empty(folder)


def _remove_artifacts(folder: Path) -> None:
    for attempt in _attempts(folder):
        with suppress(FileNotFoundError):
            _remove_whatever(attempt / ARTIFACTS)
    _remove_if_empty(folder)


def _remove_whatever(path: Path) -> None:
    """An action may have put a link or a file where its folder was, and folders among the logs."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        remove_tree(path)


def _attempts(folder: Path) -> Iterable[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]


def _remove_if_empty(folder: Path) -> None:
    """Nothing is written any more into what has ended; empty folders of artifacts are as good as none."""
    for attempt in _attempts(folder):
        for path in (attempt / ARTIFACTS, attempt):
            with suppress(OSError):
                path.rmdir()
    with suppress(OSError):
        folder.rmdir()
