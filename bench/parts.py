"""What is measured. Each part runs Attune and its floor in turn (A B A B), so that both meet the same noise."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.bare_celery import BareCelery
from bench.figures import Budget, Figure, at_most, milliseconds
from bench.floor import Command, python_hello, shell_noop
from bench.private_attune import PrivateAttune, moment, succeeded

#: Slots of a worker by default, and so many programs run at once on the side of the floor.
AT_ONCE = 10
#: Clients that request at the same time.
_CLIENTS = 4
_WARM_UP = 10


@dataclass(frozen=True)
class Amount:
    """How long it is looked at."""

    samples: int
    rounds: int
    batch: int
    requests: int


QUICK = Amount(samples=100, rounds=3, batch=200, requests=200)
FULL = Amount(samples=400, rounds=7, batch=500, requests=1000)


def latency(attune: PrivateAttune, amount: Amount) -> list[Figure]:
    """On an idle system: one request at a time, the same program by itself after each."""
    command = shell_noop()
    runs = _one_by_one(attune, "core.noop", command, amount.samples)
    bare = [run.bare_s for run in runs]
    to_terminal, to_answer = [run.to_terminal_s for run in runs], [run.to_answer_s for run in runs]
    inside, waiting = [run.inside_s for run in runs], [run.to_start_s for run in runs]
    return [
        _milliseconds("latency: POST to terminal, p50", 50, to_terminal, bare, budget=at_most(25)),
        _milliseconds("latency: POST to terminal, p95", 95, to_terminal, bare, budget=at_most(60)),
        _milliseconds("  POST to answer with wait_s, p50", 50, to_answer),
        _milliseconds("  POST to answer with wait_s, p95", 95, to_answer),
        _milliseconds("  created_at to started_at, p50", 50, waiting),
        _milliseconds("  created_at to ended_at, p50", 50, inside),
        _milliseconds("  created_at to ended_at, p95", 95, inside),
    ]


def throughput(attune: PrivateAttune, celery: BareCelery, amount: Amount) -> list[Figure]:
    """Of no-op shell actions posted as a batch: first start to last end."""
    command = shell_noop()
    ours, bare, bare_celery = [], [], []
    for _ in range(amount.rounds):
        ours.append(_per_second(attune, "core.noop", amount.batch))
        bare.append(command.per_second(amount.batch, at_once=AT_ONCE))
        bare_celery.append(celery.per_second(amount.batch))
    at_least = Budget("≥ 0.60 of bare Celery", lambda figure: (figure.ratio or 0) >= 0.6)
    name = "throughput: no-op shell"
    return [
        Figure(name=name, unit="/s", values=ours, floors=bare_celery, floor_name="bare Celery", budget=at_least),
        Figure(name=name, unit="/s", values=ours, floors=bare, floor_name="bare subprocess"),
    ]


def python(attune: PrivateAttune, amount: Amount, *, folder: Path) -> list[Figure]:
    """A cold start: an interpreter for each execution."""
    runs = _one_by_one(attune, "examples.hello", python_hello(folder), amount.samples)
    bare = [run.bare_s for run in runs]
    over = [run.running_s - run.bare_s for run in runs]
    return [
        _milliseconds("python: started_at to ended_at, p50", 50, [run.running_s for run in runs], bare),
        _milliseconds("python: over its own time, p50", 50, over, budget=at_most(10, "ms, warm")),
    ]


def gates(attune: PrivateAttune, amount: Amount) -> list[Figure]:
    figures = []
    for limit, action in ((1, "bench.one"), (5, "bench.five")):
        command, ours, bare = shell_noop(), [], []
        for _ in range(amount.rounds):
            ours.append(_per_second(attune, action, amount.batch // 2))
            bare.append(command.per_second(amount.batch // 2, at_once=limit))
        name = f"throughput: at one gate of limit {limit}"
        figures.append(Figure(name=name, unit="/s", values=ours, floors=bare, floor_name=f"bare, {limit} at once"))
    return figures


def requests(attune: PrivateAttune, amount: Amount) -> list[Figure]:
    """`POST /executions` alone, of an action that nobody runs."""
    rates = []
    for _ in range(amount.rounds):
        with ThreadPoolExecutor(_CLIENTS) as clients:
            started = time.perf_counter()
            accepted = list(clients.map(lambda _: attune.request("bench.accepted"), range(amount.requests)))
            rates.append(len(accepted) / (time.perf_counter() - started))
    return [Figure(name=f"requests: POST /executions, {_CLIENTS} clients", unit="/s", values=rates)]


@dataclass(frozen=True)
class _Run:
    to_terminal_s: float
    to_answer_s: float
    to_start_s: float
    inside_s: float
    running_s: float
    bare_s: float


def _one_by_one(attune: PrivateAttune, action: str, command: Command, samples: int) -> list[_Run]:
    runs = [_run(attune, action, command) for _ in range(_WARM_UP + samples)]
    return runs[_WARM_UP:]


def _run(attune: PrivateAttune, action: str, command: Command) -> _Run:
    """Clocks of one machine: ours and the database's are the same."""
    posted_at = time.time()
    row = succeeded(attune.request(action, wait_s=30))
    answered_at = time.time()
    created_at, started_at, ended_at = (moment(row, name) for name in ("created_at", "started_at", "ended_at"))
    return _Run(
        to_terminal_s=ended_at - posted_at,
        to_answer_s=answered_at - posted_at,
        to_start_s=started_at - created_at,
        inside_s=ended_at - created_at,
        running_s=ended_at - started_at,
        bare_s=command.run(),
    )


def _per_second(attune: PrivateAttune, action: str, count: int) -> float:
    rows = attune.ended(attune.request_batch(action, count))
    first = min(moment(row, "started_at") for row in rows)
    last = max(moment(row, "ended_at") for row in rows)
    return count / (last - first)


def _milliseconds(
    name: str, percent: int, seconds: Sequence[float], bare: Sequence[float] = (), *, budget: Budget | None = None
) -> Figure:
    return milliseconds(name, percent, seconds, bare, floor_name="bare subprocess", budget=budget)
