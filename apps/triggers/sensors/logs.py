"""Where the logs of a sensor's processes lie, laid out as those of executions: the newest few, each bounded."""

from contextlib import suppress
from pathlib import Path

from django.conf import settings

from apps.runner.removal import remove_tree
from apps.runner.spec import KIB, MIB, LogLimits

#: Processes whose logs are kept, of each sensor.
KEPT_STARTS = 10
#: Of each process, so that all logs of a sensor take at most 40 MiB.
LIMITS = LogLimits(head_bytes=256 * KIB, tail_bytes=2 * MIB, part_bytes=512 * KIB, total_bytes=4 * MIB)


def log_folder(sensor_id: int, start: int) -> Path:
    return _folder(sensor_id) / str(start)


def drop_old_logs(sensor_id: int, *, newest: int) -> None:
    """Before a process starts: those of processes long ago."""
    with suppress(FileNotFoundError):
        for path in _folder(sensor_id).iterdir():
            if path.name.isdigit() and not newest - KEPT_STARTS < int(path.name) <= newest:
                with suppress(FileNotFoundError):
                    remove_tree(path)


def kept_starts(sensor_id: int) -> list[int]:
    """Those that have a log on this host, oldest first."""
    try:
        return sorted(int(path.name) for path in _folder(sensor_id).iterdir() if path.name.isdigit())
    except FileNotFoundError:
        return []


def _folder(sensor_id: int) -> Path:
    return Path(settings.ATTUNE_ARTIFACTS_DIR) / "sensors" / str(sensor_id)
