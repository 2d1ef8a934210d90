"""Removes folders of executions that the database does not know: of a crash, or of a database that was restored.

A folder is made after its execution's row was committed, so one without a row belongs to nobody.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from apps.executions.files import PER_FOLDER, executions_root
from apps.executions.models import Execution
from apps.runner.removal import remove_tree

logger = logging.getLogger(__name__)

#: Folders of a thousand executions that are looked through in one round.
_FOLDERS = 5
#: So long it stays nevertheless: whoever started Attune with a wrong database may notice.
_SPARED_S = 24 * 3600.0
#: Under this name a folder is nobody's: a new execution of its number makes one of its own meanwhile.
_ASIDE = ".orphan-"


class OrphanSearch:
    """One per process: goes through all folders, a few in each round, and begins again."""

    def __init__(self) -> None:
        self._left: Iterator[Path] = iter(())

    def __call__(self) -> int:
        """One round. Returns how many folders were removed."""
        removed = 0
        for _ in range(_FOLDERS):
            bucket = next(self._left, None)
            if bucket is None:
                self._left = iter(_buckets())
                break
            removed += _look_through(bucket)
        return removed


def _buckets() -> list[Path]:
    """Folders of a thousand executions each, oldest first."""
    with suppress(OSError):
        found = [path for path in executions_root().iterdir() if path.name.isdecimal() and path.is_dir()]
        return sorted(found, key=lambda path: int(path.name))
    return []


def _look_through(bucket: Path) -> int:
    for left in bucket.glob(f"{_ASIDE}*"):  # by one that was killed
        _remove(left)
    try:
        folders = {int(path.name): path for path in bucket.iterdir() if path.name.isdecimal()}
    except OSError:  # gone meanwhile
        return 0
    first = int(bucket.name) * PER_FOLDER
    # Looked up after the folders were listed: whoever has a folder has had a row before.
    known = set(Execution.objects.filter(pk__range=(first, first + PER_FOLDER - 1)).values_list("pk", flat=True))
    removed = sum(
        _removed_if_old(path, execution_id) for execution_id, path in folders.items() if execution_id not in known
    )
    if not known and Execution.objects.filter(pk__gte=first + PER_FOLDER).exists():  # no new one comes here
        with suppress(OSError):
            bucket.rmdir()
    return removed


def _removed_if_old(folder: Path, execution_id: int) -> bool:
    aside = folder.with_name(f"{_ASIDE}{folder.name}")
    try:
        if folder.lstat().st_mtime > time.time() - _SPARED_S:
            return False
        # Looked up once more: after a restore, new executions get the numbers of such folders while others are removed.
        if Execution.objects.filter(pk=execution_id).exists():
            return False
        folder.rename(aside)
    except OSError as error:
        _tell_refusal(folder, error)
        return False
    return _remove(aside)


def _remove(folder: Path) -> bool:
    try:
        remove_tree(folder)
    except OSError as error:
        _tell_refusal(folder, error)
        return False
    logger.info("%s belonged to no execution and was removed", folder)
    return True


def _tell_refusal(folder: Path, error: OSError) -> None:
    logger.warning("%s belongs to no execution and cannot be removed: %s", folder, error.strerror or error)
