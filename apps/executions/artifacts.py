"""The files that attempts left. What lies there was written by strangers, and may change while it is looked at."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.core.errors import NotFound
from apps.executions.files import MAX_RESULT_BYTES, artifacts_folder
from apps.executions.models import Execution

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe put in the place of a file is opened, and refused, without waiting for its other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UnknownArtifact(NotFound):
    """There is no such artifact."""

    code = "unknown_artifact"


@dataclass(frozen=True)
class Artifact:
    """A file that an attempt left; `name` is its path below the attempt's artifacts folder."""

    name: str
    attempt: int
    size_bytes: int
    modified_at: datetime


def artifacts_of(execution: Execution) -> list[Artifact]:
    """All regular files left by all attempts, by attempt and name; links are not followed, and a name that is not UTF-8
    is shown as far as it is."""
    return [
        artifact
        for attempt in range(1, execution.attempt + 1)
        for _, artifact in _left_by(artifacts_folder(execution.pk, attempt), attempt)
    ]


def open_artifact(execution: Execution, attempt: int, name: str) -> BinaryIO:
    """The file, open. Raises `UnknownArtifact`, also for what cannot be read; a name that leaves the folder, itself or
    through a link, names nothing."""
    unknown = UnknownArtifact(f"Attempt {attempt} of execution {execution.pk} left no artifact {name!r}.")
    if not 1 <= attempt <= execution.attempt:
        raise unknown
    folder = artifacts_folder(execution.pk, attempt)
    try:
        return _open_below(folder, _real_name(folder, attempt, name))
    except (OSError, ValueError) as error:
        raise unknown from error


def keep_artifact(execution_id: int, attempt: int, name: str, data: bytes) -> str:
    """Adds a file to what the attempt left; its name, which differs from `name` where that is taken.

    Raises OSError, and then leaves nothing.
    """
    folder = artifacts_folder(execution_id, attempt)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem, _, suffix = name.rpartition(".")
    for number in count(1):
        free = name if number == 1 else f"{stem}-{number}.{suffix}"
        with suppress(FileExistsError), (folder / free).open("xb") as file:  # never through a link the action left
            try:
                file.write(data)
                file.flush()
            except OSError:
                (folder / free).unlink()
                raise
            return free
    raise AssertionError  # the numbers do not end


def large_result_name(execution: Execution) -> str | None:
    """The artifact with a result that the database does not take (`{"artifact": …, "size_bytes": …}` stands there)."""
    match execution.result:
        case {"artifact": str(name), "size_bytes": int(size), **rest} if not rest and size > MAX_RESULT_BYTES:
            return name
    return None


def _left_by(folder: Path, attempt: int) -> Iterator[tuple[Path, Artifact]]:
    if folder.is_symlink():  # the action put it where its folder was
        return
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):  # gone since it was listed
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                name = os.fsencode(path.relative_to(folder)).decode(errors="replace")
                yield path, Artifact(name, attempt, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _real_name(folder: Path, attempt: int, name: str) -> str:
    """What a name that could only be shown in part is called on the disk."""
    if "\ufffd" in name:
        for path, artifact in _left_by(folder, attempt):
            if artifact.name == name:
                return str(path.relative_to(folder))
    return name


def _open_below(folder: Path, name: str) -> BinaryIO:
    """Step by step from the root of all artifacts, never through a link: what lies there may be swapped at any time."""
    root = Path(settings.ATTUNE_ARTIFACTS_DIR)
    *folders, last = [*folder.relative_to(root).parts, *name.split("/")]
    if not {"", ".", ".."}.isdisjoint([*folders, last]):
        raise ValueError(name)
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
        descriptor = os.open(last, _FILE, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(name)
    return os.fdopen(descriptor, "rb")
