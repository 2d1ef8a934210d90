"""The processes of one Attune, and the memory they take: what is shared by several counts for each in part (PSS)."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from apps.standalone.instance import find_instance
from apps.standalone.processes import descendants
from apps.standalone.records import Records

_PROC = Path("/proc")
#: How processes of the runner call themselves.
_OWN = "attune-"


def by_program(var_dir: Path) -> dict[str, list[int]]:
    """`{name: processes}` of the supervisor and of all it started, each with its descendants."""
    supervisor = find_instance(var_dir / "run")
    found = {"supervisor": [supervisor.process.pid]} if supervisor else {}
    return found | {record.name: tree(record.process.pid) for record in Records(var_dir / "run").running()}


def tree(pid: int) -> list[int]:
    return [pid, *sorted(process.pid for process in descendants([pid]))]


def without_actions(pids: Iterable[int]) -> list[int]:
    """Of a worker and its descendants: itself, its warden, and what the warden put beside each action."""
    worker, *others = pids
    return [worker, *(pid for pid in others if _name_of(pid).startswith(_OWN))]


def megabytes(pids: Iterable[int]) -> float:
    """Of all of them together; who has ended takes nothing."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def _pss_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return _resident_kb(pid)


def _resident_kb(pid: int) -> int:
    """More than its part: of processes that only root may look into."""
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def _name_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text().strip()
    return ""
