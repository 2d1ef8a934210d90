"""What an Attune takes where nothing happens, by process; and what a worker takes with fifty slots busy."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import processes
from bench.broken import Broken
from bench.figures import Figure, at_most
from bench.floor import ROOT
from bench.private_attune import PrivateAttune
from bench.stage import Stage

SLOTS = 50
_POOL = "bench-wide"
_WIDE = {"ATTUNE_POOL": _POOL, "ATTUNE_WORKER_SLOTS": str(SLOTS)}
_PATIENCE_S = 120.0
_LOOK_EVERY_S = 0.2
#: What ran a moment ago has to be given back; a spare connection every five seconds (`attune.settings.env.database`).
_REST_S = 35.0


def memory(stage: Stage) -> list[Figure]:
    """Each by PSS: pages that processes share count once."""
    attune = stage.attune
    attune.ended(attune.request_batch("core.noop", 20))
    time.sleep(_REST_S)
    return [*_idle(attune), *_busy_beside_others(attune, stage.folder), *_busy_alone(attune, stage.folder)]


def _idle(attune: PrivateAttune) -> list[Figure]:
    taken = {name: processes.megabytes(pids) for name, pids in processes.by_program(attune.var_dir).items()}
    return [
        Figure(name="memory: everything idle", unit="MB", values=[sum(taken.values())], budget=at_most(330, "MB")),
        *(Figure(name=f"  {name}", unit="MB", values=[size]) for name, size in sorted(taken.items())),
    ]


def _busy_beside_others(attune: PrivateAttune, folder: Path) -> list[Figure]:
    """Of a machine's only worker: it shares with the other roles what they have imported."""
    attune.restart(_WIDE)
    try:
        idle, busy = _idle_and_busy(attune, processes.by_program(attune.var_dir)["worker"][0], folder / "end")
    finally:
        attune.restart()
    name = f"memory: the worker with {SLOTS} slots busy"
    return [
        Figure(name=name, unit="MB", values=[busy], budget=at_most(150, "MB")),
        Figure(name="  the same, idle", unit="MB", values=[idle]),
    ]


def _busy_alone(attune: PrivateAttune, folder: Path) -> list[Figure]:
    """Of a worker by itself, as on a machine that has no other role."""
    with _worker(attune) as pid:
        _wait(lambda: _is_there(attune), "a second worker")
        idle, busy = _idle_and_busy(attune, pid, folder / "end-alone")
    return [
        Figure(name=f"memory: a worker by itself, {SLOTS} slots busy", unit="MB", values=[busy]),
        Figure(name="  the same, idle", unit="MB", values=[idle]),
    ]


def _idle_and_busy(attune: PrivateAttune, pid: int, end: Path) -> tuple[float, float]:
    """Megabytes of a worker; its actions are not counted, but what waits beside each of them is."""
    idle = processes.megabytes(processes.tree(pid))
    ids = attune.request_batch("bench.hold", SLOTS, parameters={"file": str(end)})
    _wait(lambda: _running(attune) == SLOTS, f"{SLOTS} executions at once")
    busy = processes.megabytes(processes.without_actions(processes.tree(pid)))
    end.touch()
    attune.ended(ids)
    return idle, busy


@contextmanager
def _worker(attune: PrivateAttune) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run_worker"],
        env={
            **attune.settings,
            **_WIDE,
            "ATTUNE_WORKER_RUNTIMES": "shell",
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as worker:
        try:
            yield worker.pid
        finally:
            worker.terminate()


def _is_there(attune: PrivateAttune) -> bool:
    return bool(attune.get(f"/workers?pool={_POOL}&status=active")["results"])


def _running(attune: PrivateAttune) -> int:
    return len(attune.get(f"/executions?action=bench.hold&status=running&limit={SLOTS}")["results"])


def _wait(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise Broken(f"there was not {what} within {_PATIENCE_S:.0f} s")
        time.sleep(_LOOK_EVERY_S)
