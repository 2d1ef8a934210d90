"""Executions one at a time and many at once, each side in turn with its floor (A B A B): both meet the same noise."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.bare_celery import bare_celery
from bench.figures import Budget, Figure, at_least_of, at_most, milliseconds
from bench.floor import Command, function_hello, node_hello, python_hello, shell_noop
from bench.private_attune import PrivateAttune, moment, succeeded
from bench.stage import Stage

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


_QUICK = Amount(samples=100, rounds=3, batch=200, requests=200)
_FULL = Amount(samples=400, rounds=7, batch=500, requests=1000)


def amount_of(stage: Stage) -> Amount:
    return _QUICK if stage.is_quick else _FULL


def latency(stage: Stage) -> list[Figure]:
    """On an idle system: one request at a time, the same program by itself after each."""
    runs = _one_by_one(stage.attune, "core.noop", shell_noop(), amount_of(stage).samples)
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


def throughput(stage: Stage) -> list[Figure]:
    """Of no-op shell actions posted as a batch: first start to last end; and of requests alone."""
    command, amount = shell_noop(), amount_of(stage)
    ours, bare, of_celery = [], [], []
    with bare_celery(stage.attune.settings, at_once=AT_ONCE) as celery:
        for _ in range(amount.rounds):
            ours.append(per_second(stage.attune, "core.noop", amount.batch))
            bare.append(command.per_second(amount.batch, at_once=AT_ONCE))
            of_celery.append(celery.per_second(amount.batch))
    name, budget = "throughput: no-op shell", at_least_of(0.6, "bare Celery")
    return [
        Figure(name=name, unit="/s", values=ours, floors=of_celery, floor_name="bare Celery", budget=budget),
        Figure(name=name, unit="/s", values=ours, floors=bare, floor_name="bare subprocess"),
        _requests(stage.attune, amount),
    ]


def _requests(attune: PrivateAttune, amount: Amount) -> Figure:
    """`POST /executions` alone, of an action that nobody runs."""
    rates = []
    for _ in range(amount.rounds):
        with ThreadPoolExecutor(_CLIENTS) as clients:
            started = time.perf_counter()
            accepted = list(clients.map(lambda _: attune.request("bench.accepted"), range(amount.requests)))
            rates.append(len(accepted) / (time.perf_counter() - started))
    return Figure(name=f"requests: POST /executions, {_CLIENTS} clients", unit="/s", values=rates)


def python(stage: Stage) -> list[Figure]:
    """Warm, from a server, and cold, an interpreter for each execution, in turn."""
    command, warm, cold = python_hello(stage.folder), [], []
    for _ in range(_WARM_UP + amount_of(stage).samples // 2):
        warm.append(_run(stage.attune, "examples.hello", command))
        cold.append(_run(stage.attune, "bench.cold", command))
    warm, cold = warm[_WARM_UP:], cold[_WARM_UP:]
    running = [run.running_s for run in warm]
    own_s = function_hello()
    over = [run.running_s - own_s for run in warm]
    return [
        _milliseconds("python, warm: started_at to ended_at, p50", 50, running, [run.bare_s for run in warm]),
        _milliseconds("python, warm: over the function's own time, p50", 50, over, budget=at_most(10, "ms")),
        milliseconds(
            "python, warm and cold: started_at to ended_at, p50",
            50,
            running,
            [run.running_s for run in cold],
            floor_name="a cold start",
        ),
    ]


def node(stage: Stage) -> list[Figure]:
    """A Node action, which has an interpreter of its own for each execution."""
    runs = _one_by_one(stage.attune, "bench.hello_node", node_hello(), amount_of(stage).samples // 2)
    running, bare = [run.running_s for run in runs], [run.bare_s for run in runs]
    return [_milliseconds("node: started_at to ended_at, p50", 50, running, bare)]


def per_second(attune: PrivateAttune, action: str, count: int, **more: object) -> float:
    """From the first start to the last end of a batch."""
    rows = attune.ended(attune.request_batch(action, count, **more))
    first = min(moment(row, "started_at") for row in rows)
    last = max(moment(row, "ended_at") for row in rows)
    return count / (last - first)


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


def _milliseconds(
    name: str, percent: int, seconds: Sequence[float], bare: Sequence[float] = (), *, budget: Budget | None = None
) -> Figure:
    return milliseconds(name, percent, seconds, bare, floor_name="bare subprocess", budget=budget)
