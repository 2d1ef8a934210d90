"""Counts what is announced, in the transaction that announces it: each transition once, whatever crashes."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from apps.core.metrics.catalogue import DURATION, ENDED, GATE_WAIT, RETRIED, START_DELAY, STARTED, Metric
from apps.core.metrics.counting import SUM, bucket_of
from apps.executions.models import Tally
from apps.executions.states import TERMINAL, Status

_ENDS = {status.value for status in TERMINAL}


class Announced(NamedTuple):
    """A row of history. Seconds: since the execution was accepted or was to begin, and those its process ran."""

    id: int
    execution_id: int
    attempt: int
    status: str
    waited_s: float
    ran_s: float | None
    has_gates: bool


def count(rows: Iterable[Announced]) -> None:
    """Inside the transaction in which `rows` are marked as announced; one statement."""
    more: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        _count_row(row, more)
    if not more:
        return
    keys = sorted(more)  # in one order, or two conductors would wait for each other
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO executions_tally AS t (metric, key, value)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::float[])
            ON CONFLICT (metric, key) DO UPDATE SET value = t.value + excluded.value
            """,
            [[metric for metric, _ in keys], [key for _, key in keys], [more[key] for key in keys]],
        )


def _count_row(row: Announced, more: dict[tuple[str, str], float]) -> None:
    is_first = row.attempt == 1
    if row.status == Status.RUNNING:
        more[STARTED.name, ""] += 1
        if is_first:
            _observe(START_DELAY, row.waited_s, more)
    elif row.status == Status.SCHEDULED and row.has_gates and is_first:
        _observe(GATE_WAIT, row.waited_s, more)
    elif row.status in _ENDS:
        more[ENDED.name, row.status] += 1
    if row.ran_s is not None:
        _observe(DURATION, row.ran_s, more)
        if row.status == Status.REQUESTED:
            more[RETRIED.name, ""] += 1


def _observe(metric: Metric, seconds: float, more: dict[tuple[str, str], float]) -> None:
    more[metric.name, bucket_of(seconds)] += 1
    more[metric.name, SUM] += seconds


def read() -> dict[tuple[str, str], float]:
    """`{(metric, key): value}`."""
    return {(metric, key): value for metric, key, value in Tally.objects.values_list("metric", "key", "value")}
