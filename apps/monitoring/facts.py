"""What PostgreSQL and the lines know, looked at when somebody scrapes: a fixed number of queries, each over an index or
a bounded number of rows, so that it costs the same whatever the history holds."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction

from apps.core.metrics import catalogue
from apps.core.metrics.catalogue import Metric
from apps.core.redis import RedisAway
from apps.executions import lines
from apps.executions.models import Gate
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.states import ACTIVE, LIVE, WAITING

#: One value of one series.
Sample = tuple[Metric, tuple[str, ...], float]

MOST_COUNTED = 50_000
MOST_QUEUED = 5_000
MOST_WORKERS = 500
MOST_GATES = 100
MOST_LIVE_GATES = 10_000
MOST_OPERATIONS = 1_000
#: All queries together; then the scrape fails rather than keep the database busy.
_STATEMENT_TIMEOUT_MS = 2_000

#: Ranges instead of `status = …`, in the order of the index (status, id): the planner, which knows no status that is
#: rare at the moment, would otherwise read a million rows to find none.
_LIVE = """
    SELECT s.status,
           (SELECT count(*) FROM (
               SELECT 1 FROM executions_execution e
                WHERE (e.status, e.id) >= (s.status, 0) AND e.status <= s.status
                ORDER BY e.status, e.id LIMIT %(most)s) at_most),
           (SELECT extract(epoch FROM clock_timestamp() - e.created_at)::float FROM executions_execution e
             WHERE (e.status, e.id) >= (s.status, 0) AND e.status <= s.status
             ORDER BY e.status, e.id LIMIT 1)
      FROM unnest(%(statuses)s::text[]) AS s (status)
"""
_TOTALS = """
    SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM executions_execution_id_seq),
           (SELECT greatest(0, reltuples) FROM pg_class WHERE oid = 'executions_execution'::regclass),
           (SELECT count(*) FROM (
               SELECT 1 FROM executions_history WHERE announced_at IS NULL LIMIT %(most)s) open),
           coalesce((SELECT extract(epoch FROM clock_timestamp() - at)::float FROM executions_history
               WHERE announced_at IS NULL ORDER BY id LIMIT 1), 0)
"""
_QUEUES = """
    SELECT queue, count(*) FROM (
           SELECT queue FROM executions_execution
            WHERE (status, id) >= ('scheduled', 0) AND status <= 'scheduled'
            ORDER BY status, id LIMIT %(most)s) scheduled
     GROUP BY queue ORDER BY 2 DESC LIMIT 100
"""
_WORKERS = """
    SELECT w.name, w.pool,
           CASE WHEN w.status = 'active' AND w.refusal <> '' THEN 'refusing' ELSE w.status END, w.slots,
           extract(epoch FROM clock_timestamp() - w.last_heartbeat)::float,
           (SELECT count(*) FROM executions_execution e WHERE e.worker_id = w.id AND e.status = ANY(%(active)s))
      FROM workers_worker w WHERE w.status IN ('active', 'cordoned', 'draining')
     ORDER BY w.last_heartbeat LIMIT %(most)s
"""
_GATES = """
    SELECT gate_id, count(*) OVER () FROM (
           SELECT gate_id, count(*) AS live FROM executions_execution
            WHERE gate_id IS NOT NULL AND status = ANY(%(live)s) GROUP BY gate_id LIMIT %(gates)s) at
     ORDER BY live DESC, gate_id LIMIT %(most)s
"""
_ENVIRONMENTS = "SELECT status, count(*) FROM runtimes_environment GROUP BY status"
_OPERATIONS = """
    SELECT status, count(*) FROM (SELECT status FROM operations_operation ORDER BY id DESC LIMIT %(most)s) newest
     GROUP BY status
"""
_EVENTS = """
    SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM triggers_event_id_seq),
           (SELECT count(*) FROM (
               SELECT 1 FROM triggers_event WHERE processed_at IS NULL LIMIT %(most)s) open),
           coalesce((SELECT extract(epoch FROM clock_timestamp() - received_at)::float FROM triggers_event
               WHERE processed_at IS NULL ORDER BY id LIMIT 1), 0),
           (SELECT count(*) FROM (
               SELECT 1 FROM rules_enforcement WHERE status = 'pending' AND NOT is_waiting LIMIT %(most)s) due),
           (SELECT count(*) FROM (SELECT 1 FROM rules_enforcement WHERE is_waiting LIMIT %(most)s) waiting)
"""
_CONNECTIONS = """
    SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'attune' GROUP BY 1
"""


def database_facts() -> list[Sample]:
    """Raises `DatabaseError`, also when it takes too long."""
    with transaction.atomic():
        _rows(f"SET LOCAL statement_timeout = {_STATEMENT_TIMEOUT_MS}", fetch=False)
        return [*_executions(), *_workers(), *_events(), *_others()]


def gate_facts() -> list[Sample]:
    """Where the lines are away or being built anew, the limits alone. Raises `DatabaseError`."""
    found = _rows(_GATES, live=_values(LIVE), gates=MOST_LIVE_GATES, most=MOST_GATES)
    total = found[0][1] if found else 0
    gates = list(Gate.objects.filter(pk__in=[gate for gate, _ in found]).select_related("policy"))
    return [(catalogue.GATES, (), total), *_limits(gates), *_lines(gates)]


def _executions() -> Iterator[Sample]:
    accepted, rows, unannounced, age = _rows(_TOTALS, most=MOST_COUNTED)[0]
    yield catalogue.ACCEPTED, (), accepted
    yield catalogue.ROWS, (), rows
    yield catalogue.UNANNOUNCED, (), unannounced
    yield catalogue.UNANNOUNCED_AGE, (), age
    for status, count, oldest in _rows(_LIVE, statuses=_values(LIVE), most=MOST_COUNTED):
        yield catalogue.LIVE, (status,), count
        if oldest is not None and status in WAITING:
            yield catalogue.OLDEST, (status,), oldest
    for queue, count in _rows(_QUEUES, most=MOST_QUEUED):
        yield catalogue.QUEUE_DEPTH, (queue,), count


def _workers() -> Iterator[Sample]:
    statuses = {"active": 0, "refusing": 0, "cordoned": 0, "draining": 0}
    for name, pool, status, slots, age, used in _rows(_WORKERS, active=_values(ACTIVE), most=MOST_WORKERS):
        statuses[status] += 1
        yield catalogue.HEARTBEAT_AGE, (name, pool), age
        yield catalogue.SLOTS, (name, pool), slots
        yield catalogue.SLOTS_USED, (name, pool), used
    for status, count in statuses.items():
        yield catalogue.WORKERS, (status,), count


def _events() -> Iterator[Sample]:
    accepted, count, age, due, waiting = _rows(_EVENTS, most=MOST_COUNTED)[0]
    yield catalogue.EVENTS_ACCEPTED, (), accepted
    yield catalogue.EVENTS_OPEN, (), count
    yield catalogue.EVENTS_OPEN_AGE, (), age
    yield catalogue.ENFORCEMENTS_PENDING, ("due",), due
    yield catalogue.ENFORCEMENTS_PENDING, ("waiting",), waiting


def _others() -> Iterator[Sample]:
    for metric, sql in (
        (catalogue.ENVIRONMENTS, _ENVIRONMENTS),
        (catalogue.OPERATIONS, _OPERATIONS),
        (catalogue.DATABASE_CONNECTIONS, _CONNECTIONS),
    ):
        for label, count in _rows(sql, most=MOST_OPERATIONS):
            yield metric, (label,), count


def _limits(gates: Sequence[Gate]) -> Iterator[Sample]:
    for gate in gates:
        if (limit := gate.policy.limit_in_force) is not None:
            yield catalogue.GATE_LIMIT, _labels(gate), limit


def _lines(gates: Sequence[Gate]) -> list[Sample]:
    try:
        counts = lines.slots().counts([gate.pk for gate in gates])
    except (RedisAway, StaleEpoch):
        return []
    waiting: list[Sample] = [(catalogue.GATE_WAITING, _labels(gate), counts[gate.pk].waiting) for gate in gates]
    return waiting + [(catalogue.GATE_HOLDING, _labels(gate), counts[gate.pk].holding) for gate in gates]


def _labels(gate: Gate) -> tuple[str, ...]:
    """The value of a gate's key may be a parameter of somebody's: it stays out."""
    return str(gate.pk), gate.policy.name


def _values(statuses: frozenset[Any]) -> list[str]:
    return sorted(status.value for status in statuses)


def _rows(sql: str, *, fetch: bool = True, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall()) if fetch else []
