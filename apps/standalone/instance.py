"""Makes sure that one folder is served by one supervisor, and tells others who and where it is."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apps.standalone.child import POLL_S
from apps.standalone.errors import StandaloneError
from apps.standalone.private_file import write_private
from apps.standalone.processes import ProcessId


class AlreadyRunningError(StandaloneError):
    """Another process holds this folder."""


@dataclass(frozen=True)
class Instance:
    """A supervisor that is alive."""

    process: ProcessId
    url: str
    is_ready: bool


@contextmanager
def sole_owner(run_dir: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the folder's lock, which the kernel lets go when we end; wait for it so long.

    Raises AlreadyRunningError when another process keeps it.
    """
    descriptor = os.open(run_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, deadline=time.monotonic() + wait_s)
        yield
    finally:
        os.close(descriptor)


def announce(run_dir: Path, *, url: str, is_ready: bool) -> None:
    """Write down that this process is the supervisor, and how far it has come."""
    me = ProcessId.own()
    document = {"pid": me.pid, "started": me.started, "url": url, "is_ready": is_ready}
    write_private(_file(run_dir), json.dumps(document) + "\n")


def withdraw(run_dir: Path) -> None:
    """Take the announcement back."""
    _file(run_dir).unlink(missing_ok=True)


def find_instance(run_dir: Path) -> Instance | None:
    """Return the supervisor of this folder; None if none is alive."""
    try:
        document = json.loads(_file(run_dir).read_text(encoding="utf-8"))
        process = ProcessId(int(document["pid"]), str(document["started"]))
        instance = Instance(process, url=str(document["url"]), is_ready=bool(document["is_ready"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return instance if process.is_alive() else None


def _lock(descriptor: int, *, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise AlreadyRunningError("Another script/up or script/down is at work here.") from error
        time.sleep(POLL_S)


def _file(run_dir: Path) -> Path:
    return run_dir / "supervisor.json"
