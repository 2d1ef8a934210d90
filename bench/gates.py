"""Gates: how fast one lets through, and whether a long line makes it slower."""

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bench.broken import Broken
from bench.figures import Budget, Figure, at_least_of, at_most, milliseconds
from bench.floor import shell_noop
from bench.lines import lines
from bench.private_attune import PrivateAttune, moment
from bench.runs import amount_of, per_second
from bench.stage import Stage

LENGTH = 10_000
#: Executions shown by one page.
_PAGE = 100
_WARM_UP = 3
_PATIENCE_S = 300.0
_NONE = Budget("none", lambda figure: figure.value == 0)


def gates(stage: Stage) -> list[Figure]:
    """The last part on an Attune: its long line stays."""
    return [*_throughput(stage), *lines(stage), *_long_line(stage)]


def open_gate(attune: PrivateAttune, action: str, limit: int) -> None:
    """Of an action whose own limit is 0. Raises `Broken` where nobody has asked for it yet."""
    attune.patch(f"/gates/{gate_of(attune, action)}", {"limit": limit})


def gate_of(attune: PrivateAttune, action: str) -> int:
    found = attune.get(f"/gates?action={action}")["results"]
    if not found:
        raise Broken(f"{action} has no gate")
    return int(found[0]["gate"])


def out_of_order(rows: Sequence[Mapping[str, Any]]) -> int:
    """Of executions at a gate of limit 1: how many started before an older one had ended."""
    ordered = sorted(rows, key=lambda row: int(row["id"]))
    return sum(moment(after, "started_at") < moment(before, "ended_at") for before, after in pairwise(ordered))


def _throughput(stage: Stage) -> list[Figure]:
    figures, amount = [], amount_of(stage)
    for limit, action in ((1, "bench.one"), (5, "bench.five")):
        command, ours, bare = shell_noop(), [], []
        for _ in range(amount.rounds):
            ours.append(per_second(stage.attune, action, amount.batch // 2))
            bare.append(command.per_second(amount.batch // 2, at_once=limit))
        name = f"gates: throughput at one gate of limit {limit}"
        figures.append(Figure(name=name, unit="/s", values=ours, floors=bare, floor_name=f"bare, {limit} at once"))
    return figures


def _long_line(stage: Stage) -> list[Figure]:
    """The same by REST, and by what starts."""
    attune, samples = stage.attune, 30 if stage.is_quick else 200
    attune.request_batch("bench.short", 1)
    ids = attune.request_batch("bench.line", LENGTH)
    _wait_for_line(attune)
    return [
        *_pages(attune, samples=samples),
        *_requests(attune, samples=samples),
        *_let_in(attune, ids, rounds=3 if stage.is_quick else 7),
    ]


def _wait_for_line(attune: PrivateAttune) -> None:
    gate, deadline = gate_of(attune, "bench.line"), time.monotonic() + _PATIENCE_S
    while attune.get(f"/gates/{gate}?fields=waiting")["waiting"] < LENGTH:
        if time.monotonic() > deadline:
            raise Broken(f"{LENGTH:,} executions did not get into line within {_PATIENCE_S:.0f} s")
        time.sleep(0.2)


def _pages(attune: PrivateAttune, *, samples: int) -> list[Figure]:
    """The newest of the line, each with its position, and as many that have ended."""
    waiting = f"/executions?gate={gate_of(attune, 'bench.line')}&limit={_PAGE}"
    ended = f"/executions?status=succeeded&limit={_PAGE}"
    ours, floor = [], []
    for _ in range(_WARM_UP + samples):
        ours.append(_seconds_of_page(attune, waiting))
        floor.append(_seconds_of_page(attune, ended))
    name = f"gates: page of {_PAGE} positions of {LENGTH:,}, p50"
    ours, floor = ours[_WARM_UP:], floor[_WARM_UP:]
    return [milliseconds(name, 50, ours, floor, floor_name=f"{_PAGE} ended", budget=at_most(20))]


def _seconds_of_page(attune: PrivateAttune, path: str) -> float:
    started = time.perf_counter()
    page = attune.get(path)
    seconds = time.perf_counter() - started
    if len(page["results"]) != _PAGE:
        raise Broken(f"GET {path}: {len(page['results'])} rows")
    return seconds


def _requests(attune: PrivateAttune, *, samples: int) -> list[Figure]:
    long, short = list[float](), list[float]()
    for _ in range(_WARM_UP + samples):
        for action, seconds in (("bench.line", long), ("bench.short", short)):
            started = time.perf_counter()
            attune.request(action)
            seconds.append(time.perf_counter() - started)
    name = f"gates: POST /executions into a line of {LENGTH:,}, p50"
    return [milliseconds(name, 50, long[_WARM_UP:], short[_WARM_UP:], floor_name="into a short line")]


def _let_in(attune: PrivateAttune, ids: Sequence[int], *, rounds: int, size: int = 50) -> list[Figure]:
    """The gate is opened for some of the line, in turn with a batch at a gate where nobody else waits."""
    long, short, rows = [], [], list[dict[str, Any]]()
    for _ in range(rounds):
        first = len(rows)
        rows = _let_in_some(attune, until=ids[first + size - 1])
        long.append(_per_second(rows[first : first + size]))
        short.append(per_second(attune, "bench.one", size))
    if [row["id"] for row in rows] != list(ids[: len(rows)]):
        raise Broken("others than the first of the line were let in")
    name, let_in = f"gates: throughput at limit 1, {LENGTH:,} waiting", f"gates: of {len(rows)} let in, out of order"
    budget = at_least_of(0.8, "a short line")
    return [
        Figure(name=name, unit="/s", values=long, floors=short, floor_name="a short line", budget=budget),
        Figure(name=let_in, unit="executions", values=[out_of_order(rows)], budget=_NONE),
    ]


def _let_in_some(attune: PrivateAttune, *, until: int) -> list[dict[str, Any]]:
    """Opens the gate until this one has ended, and closes it; all that were let in so far."""
    gate = gate_of(attune, "bench.line")
    open_gate(attune, "bench.line", 1)
    attune.wait_for_end(until)
    open_gate(attune, "bench.line", 0)
    deadline = time.monotonic() + _PATIENCE_S
    while attune.get(f"/gates/{gate}?fields=running")["running"]:
        if time.monotonic() > deadline:
            raise Broken(f"the last that was let in did not end within {_PATIENCE_S:.0f} s")
        time.sleep(0.05)
    return attune.oldest("bench.line", 500)


def _per_second(rows: Sequence[Mapping[str, Any]]) -> float:
    return len(rows) / (moment(rows[-1], "ended_at") - moment(rows[0], "started_at"))
