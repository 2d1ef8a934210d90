"""Many executions behind one gate, as a workflow would ask for them: whether the last costs what the first did."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.figures import Figure, at_least_of, at_most_of
from bench.gates import open_gate
from bench.private_attune import PrivateAttune, moment
from bench.runs import per_second
from bench.stage import Stage

COUNT = 1_000
#: Over so many ends in a row their cost is looked at.
_WINDOW = 100
_LIMIT = 10


def fanout(stage: Stage) -> list[Figure]:
    """All of them are accepted before the gate opens, so that accepting is not what is measured."""
    batches, plain = [], []
    for _ in range(1 if stage.is_quick else 5):
        batches.append(_rows(stage.attune))
        plain.append(per_second(stage.attune, "core.noop", 500))
    rates = [_per_second(rows) for rows in batches]
    early = [cost_after(rows, 10) for rows in batches]
    name, budget = f"fanout: {COUNT:,} at a gate of limit {_LIMIT}", at_least_of(0.5, "without a gate")
    return [
        Figure(name=name, unit="/s", values=rates, floors=plain, floor_name="without a gate", budget=budget),
        *(_cost(done, [cost_after(rows, done) for rows in batches], early) for done in (100, COUNT - _WINDOW)),
    ]


def cost_after(rows: Sequence[Mapping[str, Any]], done: int) -> float:
    """Seconds from one end to the next, over the hundred that follow when `done` (1 at least) are done."""
    ends = sorted(moment(row, "ended_at") for row in rows)
    return (ends[done + _WINDOW - 1] - ends[done - 1]) / _WINDOW


def _cost(done: int, seconds: Sequence[float], early: Sequence[float]) -> Figure:
    return Figure(
        name=f"  from end to end, when {done} are done",
        unit="ms",
        values=[value * 1000 for value in seconds],
        floors=[value * 1000 for value in early],
        floor_name="when 10 are",
        budget=at_most_of(1.25, "when 10 are"),
    )


def _rows(attune: PrivateAttune) -> list[dict[str, Any]]:
    ids = attune.request_batch("bench.ten", COUNT)
    open_gate(attune, "bench.ten", _LIMIT)
    rows = attune.ended(ids)
    open_gate(attune, "bench.ten", 0)
    return rows


def _per_second(rows: Sequence[Mapping[str, Any]]) -> float:
    first, last = min(moment(row, "started_at") for row in rows), max(moment(row, "ended_at") for row in rows)
    return len(rows) / (last - first)
