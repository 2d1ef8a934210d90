"""Names processes so that they can be found again, and never confused with a later one of the same number.

A process number alone is recycled; with its start time and the boot it is unique. Reads Linux's /proc.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from apps.standalone.errors import StandaloneError

PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessId:
    """One process, for good: equal only to itself, also after it ended and its number was used again."""

    pid: int
    started: str  # "<boot id>:<clock ticks from boot to start>"

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return the process that has this number now; None if there is none, or a zombie."""
        try:
            stat = (PROC / str(pid) / "stat").read_bytes()
        except OSError:
            return None
        # proc_pid_stat(5): the second field is the name in parentheses and may itself contain them.
        fields = stat.rpartition(b")")[2].split()
        state, started = fields[0], fields[19]
        return None if state in {b"Z", b"X"} else cls(pid, f"{_boot_id()}:{int(started)}")

    @classmethod
    def own(cls) -> Self:
        """Return this process. Raises StandaloneError where there is no /proc to know processes by."""
        if (process := cls.of(os.getpid())) is None:
            raise StandaloneError("script/up needs Linux with /proc mounted; elsewhere run the roles yourself.")
        return process

    def is_alive(self) -> bool:
        """True while this very process runs; a zombie has ended."""
        return ProcessId.of(self.pid) == self

    def send(self, number: signal.Signals) -> bool:
        """Signal this very process; False if it has ended. A recycled number is never touched."""
        with contextlib.suppress(ProcessLookupError):
            handle = _open_handle(self.pid)
            try:
                # Checked after the handle was taken: from here on the number cannot be recycled under us.
                if not self.is_alive():
                    return False
                _send(handle, self.pid, number)
                return True
            finally:
                if handle is not None:
                    os.close(handle)
        return False


def running_processes() -> Iterator[int]:
    """Yield the numbers of all processes that can be seen."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            yield int(entry.name)


def processes_in(folder: Path, *, name: str) -> list[int]:
    """Return the processes of this name whose working directory is exactly this folder."""
    real = os.path.realpath(folder)
    # proc_pid_comm(5): a name is cut to 15 bytes.
    return [pid for pid in running_processes() if _directory(pid) == real and _name(pid) == name[:15]]


def processes_with(variable: str, value: str) -> set[ProcessId]:
    """Return the processes, except this one, that were started with this variable in their environment."""
    entry = os.fsencode(f"{variable}={value}")
    marked = (pid for pid in running_processes() if pid != os.getpid() and entry in _environment(pid))
    return {process for pid in marked if (process := ProcessId.of(pid))}


def descendants(ancestors: Iterable[int]) -> set[ProcessId]:
    """Return the children of these processes, their children, and so on, as of now."""
    children: dict[int, list[int]] = {}
    for pid in running_processes():
        children.setdefault(_parent(pid), []).append(pid)
    found, unseen = set[int](), list(ancestors)
    while unseen:
        new = [pid for pid in children.get(unseen.pop(), []) if pid not in found]
        found.update(new)
        unseen.extend(new)
    return {process for pid in found if (process := ProcessId.of(pid))}


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:  # it ended meanwhile
        return 0


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it ended meanwhile, or belongs to somebody else
        return []


def _directory(pid: int) -> str | None:
    try:
        return str((PROC / str(pid) / "cwd").readlink())
    except OSError:  # it ended meanwhile, or belongs to somebody else
        return None


def _name(pid: int) -> str | None:
    try:
        return (PROC / str(pid) / "comm").read_text("utf-8", "replace").rstrip("\n")
    except OSError:
        return None


def _boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()


def _open_handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno == errno.ENOSYS:  # Linux before 5.3
            return None
        raise


def _send(handle: int | None, pid: int, number: signal.Signals) -> None:
    if handle is None:
        os.kill(pid, number)
    else:
        signal.pidfd_send_signal(handle, number)
