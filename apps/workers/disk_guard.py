"""Stops what fills a disk before it is full: others need it too, and the worker would be called unhealthy."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runtimes.environments.errors import BuildFailed

#: A fast disk takes some hundred MiB in so many seconds.
_PAUSE_S = 0.2


class DiskFilled(BuildFailed):
    """The environment could not be built: the disk is nearly full."""

    code = "environment_build_disk_full"


@dataclass(frozen=True)
class DiskGuard:
    """Of the file system below `folder`, `floor_bytes` are to stay free; 0 switches it off."""

    folder: Path
    floor_bytes: int

    @contextmanager
    def watching(self, control: RunControl) -> Iterator[RunControl]:
        """Gives a control for one command. It is stopped when `control` is, and when the disk fills; then this raises
        `DiskFilled` at the end."""
        own, is_over, filled = RunControl(), threading.Event(), threading.Event()

        def watch() -> None:
            while not is_over.wait(_PAUSE_S):
                if control.stop_reason is not None:
                    own.stop(control.stop_reason)
                elif self._is_filled():
                    filled.set()
                    own.stop(StopReason.INTERRUPTED)

        if control.stop_reason is not None:
            own.stop(control.stop_reason)
        thread = threading.Thread(target=watch, name="disk-guard", daemon=True)
        thread.start()
        try:
            yield own
        except BuildFailed as error:
            if filled.is_set():
                raise self._error() from error
            raise
        finally:
            is_over.set()
            thread.join()
        if filled.is_set():
            raise self._error()

    def _is_filled(self) -> bool:
        try:
            return shutil.disk_usage(self.folder).free < self.floor_bytes
        except OSError:
            return False  # whoever writes there will be told

    def _error(self) -> DiskFilled:
        left = f"{self.floor_bytes // 2**20} MiB"
        return DiskFilled(f"The build was stopped: it left less than {left} free on the volume of {self.folder}.")
