"""Brings an execution's artifacts to this machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from apps.cli.errors import Failed, UsageError
from apps.cli.output.cells import size
from apps.cli.session import Session


def save_artifact(
    session: Session, execution_id: int, name: str, *, attempt: int | None, output: str | None, is_forced: bool
) -> None:
    """To a file, or stdout for `-`. A file appears whole or not at all. Raises `UsageError`, `Failed`."""
    found = _find(session, execution_id, name, attempt)
    path = ("executions", execution_id, "artifacts", found["attempt"], *name.split("/"))
    if output == "-":
        with session.api.stream(*path) as chunks:
            sys.stdout.buffer.writelines(chunks)
        return
    target = Path(output or name.rpartition("/")[2]).expanduser()
    if target.is_dir():
        target /= name.rpartition("/")[2]
    if target.exists() and not is_forced:
        raise UsageError(
            f"{target} is there already.", hints=["another place: --output FILE; to write over it: --force"]
        )
    with _writing(target) as file, session.api.stream(*path) as chunks:
        file.writelines(chunks)
    session.printer.say(f"{target} ({size(found['size_bytes']).text})")


def _find(session: Session, execution_id: int, name: str, attempt: int | None) -> dict[str, Any]:
    rows = session.api.items("executions", execution_id, "artifacts")
    fitting = [row for row in rows if row["name"] == name and attempt in (None, row["attempt"])]
    if not fitting:
        hint = f"what it left: attune execution artifacts {execution_id}"
        raise UsageError(f"Execution {execution_id} left no file {name}.", hints=[hint])
    return max(fitting, key=lambda row: int(row["attempt"]))


@contextmanager
def _writing(target: Path) -> Iterator[BinaryIO]:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise Failed("not_written", f"{target} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
