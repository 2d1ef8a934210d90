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
_PATIENCE_S = 120.0
_LOOK_EVERY_S = 0.2
#: What ran a moment ago has to be given back; a spare connection every five seconds (`attune.settings.env.database`).
_REST_S = 35.0


def memory(stage: Stage) -> list[Figure]:
    """Each by PSS: pages that processes share count once."""
    attune = stage.attune
    attune.ended(attune.request_batch("core.noop", 20))
    time.sleep(_REST_S)
    return [*_idle(attune), *_busy_worker(attune, stage.folder)]


def _idle(attune: PrivateAttune) -> list[Figure]:
    taken = {name: processes.megabytes(pids) for name, pids in processes.by_program(attune.var_dir).items()}
    return [
        Figure(name="memory: everything idle", unit="MB", values=[sum(taken.values())], budget=at_most(330, "MB")),
        *(Figure(name=f"  {name}", unit="MB", values=[size]) for name, size in sorted(taken.items())),
    ]


def _busy_worker(attune: PrivateAttune, folder: Path) -> list[Figure]:
    """Of a second worker; its actions are not counted, but what waits beside each of them is."""
    end = folder / "end"
    with _worker(attune) as pid:
        _wait(lambda: _is_there(attune), "a second worker")
        idle = processes.megabytes(processes.tree(pid))
        ids = attune.request_batch("bench.hold", SLOTS, parameters={"file": str(end)})
        _wait(lambda: _running(attune) == SLOTS, f"{SLOTS} executions at once")
        own = processes.without_actions(processes.tree(pid))
        busy = processes.megabytes(own)
        end.touch()
        attune.ended(ids)
    return [
        Figure(name=f"memory: a worker with {SLOTS} slots busy", unit="MB", values=[busy], budget=at_most(150, "MB")),
        Figure(name="  the same, idle", unit="MB", values=[idle]),
    ]


@contextmanager
def _worker(attune: PrivateAttune) -> Iterator[int]:
    settings = {"ATTUNE_POOL": _POOL, "ATTUNE_WORKER_SLOTS": str(SLOTS), "ATTUNE_WORKER_RUNTIMES": "shell"}
    with subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run_worker"],
        env={**attune.settings, **settings, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
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
