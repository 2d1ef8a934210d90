"""Writes down which processes run, so that they are found even after their supervisor was killed."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path

from apps.standalone.child import Program, StopSignals
from apps.standalone.private_file import write_private
from apps.standalone.processes import ProcessId


@dataclass(frozen=True)
class Record:
    """One process that was started: who it is, and how it wants to be stopped."""

    name: str
    process: ProcessId
    position: int  # in the order of starts; stops go the other way
    stop_signals: StopSignals

    @property
    def patience_s(self) -> float:
        """How long its stop may take. Seconds."""
        return sum(wait_s for _, wait_s in self.stop_signals)


class Records:
    """The records of one Attune, a file per process; one that cannot be read is passed over."""

    def __init__(self, run_dir: Path) -> None:
        self._folder = run_dir / "processes"

    def write(self, program: Program, process: ProcessId, *, position: int) -> None:
        """Record a process; a record of the same name is replaced."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = {
            "pid": process.pid,
            "started": process.started,
            "position": position,
            "stop_signals": [[number.name, seconds] for number, seconds in program.stop_signals],
        }
        write_private(self._folder / f"{program.name}.json", json.dumps(document) + "\n")

    def remove(self, name: str) -> None:
        """Forget a process that has ended."""
        (self._folder / f"{name}.json").unlink(missing_ok=True)

    def all(self) -> list[Record]:
        """Return the records in the order in which the processes are to be stopped."""
        found = [record for path in self._folder.glob("*.json") if (record := _read(path))]
        return sorted(found, key=lambda record: record.position, reverse=True)

    def running(self) -> list[Record]:
        """Return the records whose very process still runs, in the order of stopping."""
        return [record for record in self.all() if record.process.is_alive()]


def _read(path: Path) -> Record | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            name=path.stem,
            process=ProcessId(int(document["pid"]), str(document["started"])),
            position=int(document["position"]),
            stop_signals=tuple((signal.Signals[name], float(s)) for name, s in document["stop_signals"]),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
