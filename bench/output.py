"""Much output: how fast it goes from a program into bounded files, and that a worker grows no larger by it."""

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import processes
from bench.figures import Figure, at_least, at_most
from bench.floor import ROOT
from bench.private_attune import PrivateAttune, moment, succeeded
from bench.stage import Stage

MEGABYTES = 1_000
_LOOK_EVERY_S = 0.1
#: As much as a worker reads at a time.
_CHUNK_BYTES = 256 * 1024


def output(stage: Stage) -> list[Figure]:
    """Without and with a secret to mask, in turn with the same program and a reader that keeps nothing."""
    plain, masked, floor, growth = list[float](), list[float](), list[float](), list[float]()
    _pour(stage.attune, 1)  # what grows with the first run is no matter of output
    for _ in range(2 if stage.is_quick else 5):
        for rates, more in ((plain, {}), (masked, {"token": secrets.token_urlsafe(24)})):
            with _watched(stage.attune) as memory:
                rates.append(_pour(stage.attune, MEGABYTES, **more))
            growth.append(memory.growth_mb)
        floor.append(_bare(MEGABYTES))
    name, reader = f"output: {MEGABYTES:,} MB", "a reader that keeps nothing"
    return [
        Figure(name=name, unit="MB/s", values=plain, floors=floor, floor_name=reader, budget=at_least(200, "MB/s")),
        Figure(
            name=f"{name}, a secret to mask",
            unit="MB/s",
            values=masked,
            floors=floor,
            floor_name=reader,
            budget=at_least(100, "MB/s"),
        ),
        Figure(name="  memory of the worker, growth", unit="MB", values=growth, budget=at_most(20, "MB")),
    ]


def _pour(attune: PrivateAttune, megabytes: int, **more: str) -> float:
    """MB/s, from its start to its end."""
    accepted = attune.request("bench.pour", parameters={"megabytes": megabytes, **more}, wait_s=60)
    row = succeeded(attune.wait_for_end(accepted["id"]))
    return megabytes / (moment(row, "ended_at") - moment(row, "started_at"))


def _bare(megabytes: int) -> float:
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import pour; pour.run({megabytes})"
    folder = ROOT / "bench" / "pack" / "actions"
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        while os.read(program.stdout.fileno(), _CHUNK_BYTES):
            pass
    return megabytes / (time.perf_counter() - started)


class _Memory:
    """Of a worker's own processes, looked at again and again."""

    def __init__(self, var_dir: Path) -> None:
        self._var_dir = var_dir
        self._is_over = threading.Event()
        self.before_mb = self.peak_mb = self._now()

    @property
    def growth_mb(self) -> float:
        return self.peak_mb - self.before_mb

    def watch(self) -> None:
        while not self._is_over.wait(_LOOK_EVERY_S):
            self.peak_mb = max(self.peak_mb, self._now())

    def stop(self) -> None:
        self._is_over.set()

    def _now(self) -> float:
        worker = processes.by_program(self._var_dir)["worker"]
        return processes.megabytes(worker[:1])


@contextmanager
def _watched(attune: PrivateAttune) -> Iterator[_Memory]:
    memory = _Memory(attune.var_dir)
    watcher = threading.Thread(target=memory.watch)
    watcher.start()
    try:
        yield memory
    finally:
        memory.stop()
        watcher.join()
