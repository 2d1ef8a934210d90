"""The worker this process is: its warden, what it can run, what it is running. One per process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apps.packs.versions import ensure_unpacked
from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runner.spec import RunAs
from apps.runner.warden_client import Warden
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.models import Runtime
from apps.runtimes.ranges import range_of
from apps.workers.capabilities import Capabilities
from apps.workers.intake import Intake

#: A changed runtime file is noticed by running workers after so long.
_RUNTIME_TTL_S = 5.0


class RuntimeNotHere(Exception):
    """This worker has no interpreter for the runtime, or the runtime is gone."""


@dataclass(frozen=True)
class HostedRuntime:
    """A runtime as this host has it; `folder` is that of the pack that brought it."""

    definition: RuntimeDefinition
    installation: Installation
    folder: Path


@dataclass
class Host:
    """`worker_id` changes when the worker was called lost and registers anew."""

    worker_id: int
    name: str
    warden: Warden
    capabilities: Capabilities
    volume_id: str
    work_root: Path
    """Below it, each run has its private work directory; nobody else's runs are there."""
    intake: Intake
    run_as: RunAs | None = None
    """The user of actions and builds; None: the worker's own."""
    is_believed: Callable[[], bool] = field(default=lambda: True)
    """Whether others believe that this worker lives; what it starts otherwise, its warden kills."""
    hints_heard: int = 0
    """Grows with each hint that reaches this process."""
    _runs: dict[RunControl, int] = field(default_factory=dict)
    _builds: set[RunControl] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _runtimes: dict[tuple[str, str], tuple[float, HostedRuntime]] = field(default_factory=dict)

    @contextmanager
    def running(self, execution_id: int, control: RunControl) -> Iterator[None]:
        """While the block runs, `stop` reaches this run. From before its claim until its end is written: what the
        database says runs here and is not in `running_ids`, nobody works at."""
        with self._lock:
            self._runs[control] = execution_id
        try:
            yield
        finally:
            with self._lock:
                del self._runs[control]

    @property
    def running_ids(self) -> list[int]:
        with self._lock:
            return list(dict.fromkeys(self._runs.values()))

    @contextmanager
    def building(self, control: RunControl) -> Iterator[None]:
        """While the block runs, a slot is busy with a build that no execution here waits for."""
        with self._lock:
            self._builds.add(control)
        try:
            yield
        finally:
            with self._lock:
                self._builds.discard(control)

    @property
    def busy_slots(self) -> int:
        with self._lock:
            return len(self._runs) + len(self._builds)

    def stop_builds(self) -> None:
        with self._lock:
            controls = list(self._builds)
        for control in controls:
            control.stop(StopReason.INTERRUPTED)

    def stop(self, execution_id: int, reason: StopReason) -> None:
        """TERM, grace, KILL; nothing for one that does not run here."""
        with self._lock:
            controls = [control for control, running in self._runs.items() if running == execution_id]
        for control in controls:
            control.stop(reason)

    def runtime(self, name: str, wanted: str = "") -> HostedRuntime:
        """Its best installation here, of the range of versions that is `wanted`. Raises `RuntimeNotHere`."""
        read_at, hosted = self._runtimes.get((name, wanted), (0.0, None))
        if hosted is None or time.monotonic() - read_at > _RUNTIME_TTL_S:
            hosted = self._read_runtime(name, wanted)
            self._runtimes[name, wanted] = (time.monotonic(), hosted)
        return hosted

    def _read_runtime(self, name: str, wanted: str) -> HostedRuntime:
        row = Runtime.objects.filter(name=name).first()
        if row is None:
            raise RuntimeNotHere(f"there is no runtime {name} any more")
        installations = self.capabilities.runtimes.get(name)
        if not installations:
            reason = self.capabilities.missing.get(name, "it was not looked for")
            raise RuntimeNotHere(f"this worker has no {name}: {reason}")
        best = next((item for item in installations if item.version in range_of(wanted)), None)
        if best is None:
            there = ", ".join(item.version for item in installations)
            raise RuntimeNotHere(f"this worker has no {name} {wanted}; it has {there}")
        return HostedRuntime(row.parsed, best, ensure_unpacked(row.pack_ref, row.pack_digest))


_current: Host | None = None


def set_current(host: Host | None) -> None:
    global _current  # noqa: PLW0603 - one fact about the process
    _current = host


def is_worker() -> bool:
    return _current is not None


def current() -> Host:
    assert _current is not None, "only a worker process runs this"
    return _current
