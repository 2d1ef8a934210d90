"""Where an execution's files lie: `{artifacts_dir}/executions/{id // 1000}/{id}/{attempt}/`."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from django.conf import settings

from apps.core.errors import NotFound
from apps.executions.models import Execution
from apps.runner.logread import LogReader

#: A larger result becomes an artifact.
MAX_RESULT_BYTES = 1024 * 1024
#: Beside the logs of an attempt; the action sees it as `context.artifacts_dir`.
_ARTIFACTS = "artifacts"


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
    path: Path


def attempt_folder(execution_id: int, attempt: int) -> Path:
    return _folder(execution_id) / str(attempt)


def artifacts_folder(execution_id: int, attempt: int) -> Path:
    return attempt_folder(execution_id, attempt) / _ARTIFACTS


def log_reader(execution_id: int, attempt: int) -> LogReader:
    """Reads like an empty log while nothing has been written."""
    return LogReader(attempt_folder(execution_id, attempt))


def artifacts_of(execution_id: int) -> list[Artifact]:
    """All regular files left by all attempts; links are not followed, and a name that is not UTF-8 is shown as far as
    it is."""
    found = []
    for folder in sorted(_folder(execution_id).glob(f"*/{_ARTIFACTS}"), key=lambda path: int(path.parent.name)):
        if folder.is_symlink():  # the action put it where its folder was
            continue
        attempt = int(folder.parent.name)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                name = os.fsencode(path.relative_to(folder)).decode(errors="replace")
                status = path.stat()
                modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
                found.append(Artifact(name, attempt, status.st_size, modified_at, path))
    return found


def get_artifact(execution_id: int, attempt: int, name: str) -> Artifact:
    """Raises `UnknownArtifact`; a name that leaves the folder names nothing."""
    for artifact in artifacts_of(execution_id):
        if artifact.attempt == attempt and artifact.name == name:
            return artifact
    raise UnknownArtifact(f"Attempt {attempt} of execution {execution_id} left no artifact {name!r}.")


def keep_artifact(execution_id: int, attempt: int, name: str, data: bytes) -> str:
    """Adds a file to what the attempt left; its name, which differs from `name` where that is taken. OSError."""
    folder = artifacts_folder(execution_id, attempt)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem, _, suffix = name.rpartition(".")
    for number in count(1):
        free = name if number == 1 else f"{stem}-{number}.{suffix}"
        with suppress(FileExistsError), (folder / free).open("xb") as file:  # never through a link the action left
            file.write(data)
            return free
    raise AssertionError  # the numbers do not end


def large_result(execution: Execution) -> Path | None:
    """The file with a result that the database does not take (`{"artifact": …, "size_bytes": …}` stands there)."""
    match execution.result:
        case {"artifact": str(name), "size_bytes": int(size), **rest} if not rest and size > MAX_RESULT_BYTES:
            with suppress(UnknownArtifact):
                return get_artifact(execution.pk, execution.attempt, name).path
    return None


def _folder(execution_id: int) -> Path:
    return Path(settings.ATTUNE_ARTIFACTS_DIR) / "executions" / str(execution_id // 1000) / str(execution_id)
