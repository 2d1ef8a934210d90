"""What must be gone when all is over: processes, slots, and what long-living processes have grown by."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.checker import Rule, Violation

#: What a role may have gained between two moments of rest: caches and pools fill once, a leak goes on.
_MORE_DESCRIPTORS = 25
_MORE_MIB = 60.0


@dataclass(frozen=True)
class Size:
    """Of one process at rest."""

    descriptors: int
    mib: float


def sizes(pids: Mapping[str, int]) -> dict[str, Size]:
    """By name; without those that ended meanwhile."""
    found = {}
    for name, pid in pids.items():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            descriptors = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are enough
        except OSError:
            continue
        resident = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
        found[name] = Size(descriptors, int(resident.split()[1]) / 1024)
    return found


def check_growth(before: Mapping[str, Size], after: Mapping[str, Size]) -> list[Violation]:
    """A process that was started in between is compared with the one before it."""
    return [
        Violation(Rule.GROWN, f"{name}: {text}")
        for name, size in after.items()
        if name in before
        for text in _grown(before[name], size)
    ]


def _grown(before: Size, after: Size) -> Iterator[str]:
    if after.descriptors > before.descriptors + _MORE_DESCRIPTORS:
        yield f"{before.descriptors} descriptors have become {after.descriptors}"
    if after.mib > before.mib + _MORE_MIB:
        yield f"{before.mib:.0f} MiB have become {after.mib:.0f}"


def check_slots(standing: Mapping[str, int], gates: Sequence[Mapping[str, object]]) -> list[Violation]:
    """`standing`: what is left of lines and slots in Valkey; `gates` as REST shows them."""
    left = [Violation(Rule.SLOT_LEFT, f"{key} holds {count}") for key, count in standing.items()]
    for gate in gates:
        if gate["waiting"] or gate["running"]:
            text = f"gate {gate['gate']}: {gate['waiting']} waiting, {gate['running']} running"
            left.append(Violation(Rule.SLOT_LEFT, text))
    return left


def check_actions(work_dir: Path) -> list[Violation]:
    """Processes of executions: their home is a folder in `work_dir`."""
    return _left(f"HOME={work_dir}/", what="when all had ended")


def check_processes(folder: Path) -> list[Violation]:
    """Whoever works in `folder`, or was started to: by its words, its environment or where it stands."""
    return _left(str(folder), what="when all was stopped")


def _left(mark: str, *, what: str) -> list[Violation]:
    return [Violation(Rule.PROCESS_LEFT, f"{what}: {pid} {words}") for pid, words in _marked(os.fsencode(mark)).items()]


def _marked(mark: bytes) -> dict[int, str]:
    """Command lines by process number; never this process."""
    found = dict[int, str]()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
            known_by = (words, (entry / "environ").read_bytes(), os.fsencode((entry / "cwd").readlink()))
            if any(mark in text for text in known_by):
                found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # it ended, or is somebody else's
            continue
    return found
