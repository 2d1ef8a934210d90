"""What figures depend on: the machine, its load, and the versions of everything that was measured."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from apps.core.version import VERSION
from apps.standalone.binaries import find_postgres, find_valkey


@dataclass(frozen=True)
class Machine:
    """`memory_mb` is all there is of it; `versions` by name."""

    cores: int
    processor: str
    memory_mb: int
    kernel: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Moment:
    """Taken before and after: who reads must know whether others worked meanwhile."""

    at: str
    load_1_min: float


def this_machine() -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=_found(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")) or platform.machine(),
        memory_mb=int(_found(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")) or 0) // 1024,
        kernel=platform.release(),
        versions={
            "Attune": VERSION,
            "Python": platform.python_version(),
            "PostgreSQL": _version_told_by(find_postgres().postgres),
            "Valkey": _version_told_by(find_valkey()),
            "Celery": version("celery"),
            "Django": version("django"),
        },
    )


def now() -> Moment:
    return Moment(datetime.now(UTC).isoformat(timespec="seconds"), round(os.getloadavg()[0], 2))


def _found(pattern: str, file: Path) -> str:
    found = re.search(pattern, file.read_text())
    return found[1].strip() if found else ""


def _version_told_by(program: Path) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", told)
    return found[0] if found else told.strip()
