"""The same work by Attune and by its peers, in turn, each as its documents tell to run it on one machine."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import psycopg
from psycopg import conninfo

from bench.broken import Broken
from bench.figures import Figure
from bench.floor import ROOT, Command
from bench.peer_environment import peer_environment
from bench.prefect_server import Prefect, prefect_server
from bench.private_attune import PrivateAttune, succeeded
from bench.runs import AT_ONCE, per_second
from bench.stage import Stage

RUNS = 200
#: Prefect takes two seconds for each.
_QUICK_RUNS_OF_PREFECT = 20
STEPS = 40
_DATABASE = "bench_procrastinate"


def procrastinate(stage: Stage) -> list[Figure]:
    """On Attune's PostgreSQL, in a database of its own. Raises `Broken` where it cannot be installed."""
    environment, url = peer_environment(), stage.attune.settings["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(f"CREATE DATABASE {_DATABASE}")
    own = conninfo.make_conninfo(url, dbname=_DATABASE)
    command = environment.command("procrastinate_runs.py", RUNS, AT_ONCE)

    def ask() -> float:
        variables = {"DATABASE_URL": own, "PATH": os.environ["PATH"]}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Broken(f"procrastinate did not run {RUNS} tasks:\n{done.stderr[-2000:]}")
        return float(done.stdout)

    name = f"procrastinate {environment.version('procrastinate')}"
    return [_runs(stage.attune, ask, floor_name=name, rounds=3 if stage.is_quick else 7)]


def prefect(stage: Stage) -> list[Figure]:
    """A server with SQLite. Raises `Broken` where it cannot be installed, or does not start."""
    environment = peer_environment()
    name = f"Prefect {environment.version('prefect')}"
    runs, rounds = (_QUICK_RUNS_OF_PREFECT, 1) if stage.is_quick else (RUNS, 3)
    with prefect_server(environment, stage.folder, at_once=AT_ONCE) as server:
        return [
            _runs(stage.attune, lambda: server.ask("runs", runs), floor_name=f"{name}, {runs} runs", rounds=rounds),
            *_steps(stage.attune, server, name, rounds=3),
        ]


def _runs(attune: PrivateAttune, ask: Callable[[], float], *, floor_name: str, rounds: int) -> Figure:
    """Runs of `echo hi` that know nothing of each other."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(per_second(attune, "core.echo", RUNS, parameters={"message": "hi"}))
        theirs.append(ask())
    return Figure(name=f"peers: {RUNS} runs of echo hi", unit="/s", values=ours, floors=theirs, floor_name=floor_name)


def _steps(attune: PrivateAttune, server: Prefect, name: str, *, rounds: int) -> list[Figure]:
    """Small computations one after the other: Attune's, asked for from outside, each when the one before has ended."""
    code = "import fibo; fibo.run(10)"
    plain = Command((sys.executable, "-c", code), {"PYTHONPATH": str(ROOT / "bench" / "pack" / "actions")})
    ours, theirs, bare = list[float](), list[float](), list[float]()
    succeeded(attune.request("bench.fibo", wait_s=30))
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(STEPS):
            succeeded(attune.request("bench.fibo", wait_s=30))
        ours.append(time.perf_counter() - started)
        theirs.append(server.ask("steps", STEPS))
        bare.append(sum(plain.run() for _ in range(STEPS)))
    return [_took(ours, theirs, name), _took(ours, bare, "a process each")]


def _took(ours: Sequence[float], floors: Sequence[float], floor_name: str) -> Figure:
    name = f"peers: {STEPS} light steps, one after the other"
    return Figure(name=name, unit="s", values=ours, floors=floors, floor_name=floor_name)
