"""How busy gates are and how executions ended, at a cost that does not grow with the history, and in a fixed number of
queries."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from apps.core.redis import RedisAway
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.gate_keys import key_facts
from apps.executions.models import Execution, Gate, Policy
from apps.executions.policies.passes import Lately, due_in_s, passed_lately
from apps.executions.querysets import ExecutionQuerySet
from apps.executions.slots.protocol import Counts, StaleEpoch
from apps.executions.states import HOLDS_SLOT, IN_LINE, Status

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Gates told one by one; an action with a key may have thousands.
MOST_GATES = 100
#: Ended executions counted for one answer, the newest first: about 50 ms.
MOST_COUNTED = 100_000
#: Durations that percentiles are taken from, the newest first: about 20 ms.
MOST_TIMED = 10_000
#: Actions told one by one.
MOST_ACTIONS = 100
MOST_SLOWEST = 10
#: Somebody canceled the rest: they neither went well nor badly.
FAILED = frozenset({Status.FAILED, Status.TIMEOUT, Status.ABANDONED})
_UNKNOWN = (None, None)

#: Per gate: seconds the oldest waits, mean wait of the newest 100 that passed, mean duration of the newest 50 that
# ended.
_DURATION = """
    (SELECT avg(extract(epoch FROM ended_at - started_at))::float FROM (
        SELECT ended_at, started_at FROM executions_execution e
         WHERE e.gate_id = g.id AND e.number IS NOT NULL AND started_at IS NOT NULL AND ended_at IS NOT NULL
         ORDER BY id DESC LIMIT 50) ended)
"""
#: Apart from the others, which read the whole line: it is asked for with each request into one.
_USUAL = f"SELECT g.id, {_DURATION} FROM unnest(%s::bigint[]) AS g (id)"
_TIMES = f"""
    SELECT g.id,
           (SELECT extract(epoch FROM clock_timestamp() - min(e.created_at))::float FROM executions_execution e
             WHERE e.gate_id = g.id AND e.number IS NOT NULL AND e.status IN ('requested', 'delayed')),
           (SELECT avg(extract(epoch FROM scheduled_at - created_at))::float FROM (
               SELECT scheduled_at, created_at FROM executions_execution e
                WHERE e.gate_id = g.id AND e.number IS NOT NULL AND scheduled_at IS NOT NULL AND not_before IS NULL
                ORDER BY id DESC LIMIT 100) passed),
           {_DURATION}
      FROM unnest(%s::bigint[]) AS g (id)
"""


#: `{ended}` is a query for executions that ended, newest first.
_COUNTS = "SELECT action_ref, status, count(*), min(ended_at) FROM ({ended}) ended GROUP BY 1, 2"
_DURATIONS = """
    SELECT action_ref, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
           ORDER BY extract(epoch FROM ended_at - started_at)::float)
      FROM ({ended}) ended GROUP BY GROUPING SETS ((), (action_ref))
"""


@dataclass(frozen=True, kw_only=True)
class ActionOutcomes:
    """How executions of one action ended. Times in seconds; None where none of them ran."""

    action: str
    ended: int
    failed: int
    failure_rate: float | None
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, kw_only=True)
class ExecutionStats:
    """`by_status`: live ones as of now, ended ones by the period in which they ended.

    `failed` are those that failed, timed out or were abandoned; `failure_rate` is their part of all that ended but
    were not canceled. At most the newest `MOST_COUNTED` are counted: `covers_since` is later than `since` when there
    were more. Percentiles are those of the newest `MOST_TIMED` that ran. `actions` begins with those that ran most
    often, `slowest` with the largest p95.
    """

    since: datetime
    until: datetime
    covers_since: datetime
    by_status: Mapping[str, int]
    ended: int
    failed: int
    failure_rate: float | None
    p50_s: float | None
    p95_s: float | None
    actions: Sequence[ActionOutcomes]
    slowest: Sequence[ActionOutcomes]


def execution_stats(rows: ExecutionQuerySet, *, since: datetime, until: datetime) -> ExecutionStats:
    """What became of `rows` (already narrowed by `visible_to`) that ended from `since` to before `until`.

    Three queries, bounded by the number of rows they look at.
    """
    by_status = {status.value: 0 for status in Status}
    by_status |= dict(rows.live().order_by().values_list("status").annotate(n=Count("pk")))
    ended = rows.filter(ended_at__gte=since, ended_at__lt=until).order_by("-ended_at")
    counts = _read(_COUNTS, ended.values("action_ref", "status", "ended_at")[:MOST_COUNTED])
    per_action: dict[str, dict[str, int]] = {}
    for action, status, count, _ in counts:
        by_status[status] += count
        per_action.setdefault(action, {})[status] = count
    total = sum(row[2] for row in counts)
    failed, rate = _failures(by_status)
    times = _durations(ended)
    p50_s, p95_s = times.get(None, _UNKNOWN)
    actions = [_outcomes(action, ends, times.get(action, _UNKNOWN)) for action, ends in per_action.items()]
    return ExecutionStats(
        since=since,
        until=until,
        covers_since=min(row[3] for row in counts) if total >= MOST_COUNTED else since,
        by_status=by_status,
        ended=total,
        failed=failed,
        failure_rate=rate,
        p50_s=p50_s,
        p95_s=p95_s,
        actions=sorted(actions, key=lambda item: (-item.ended, item.action))[:MOST_ACTIONS],
        slowest=sorted((item for item in actions if item.p95_s is not None), key=_slowest_first)[:MOST_SLOWEST],
    )


def _durations(ended: ExecutionQuerySet) -> dict[str | None, tuple[float | None, float | None]]:
    """`{action: (p50, p95)}` in seconds; None is all of them together."""
    timed = ended.filter(started_at__isnull=False)
    found = _read(_DURATIONS, timed.values("action_ref", "started_at", "ended_at")[:MOST_TIMED])
    return {action: (round(values[0], 3), round(values[1], 3)) for action, values in found if values}


def _read(sql: str, ended: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    inner, parameters = ended.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql.format(ended=inner), parameters)
        return list(cursor.fetchall())


def _outcomes(action: str, ends: Mapping[str, int], times: tuple[float | None, float | None]) -> ActionOutcomes:
    failed, rate = _failures(ends)
    return ActionOutcomes(
        action=action, ended=sum(ends.values()), failed=failed, failure_rate=rate, p50_s=times[0], p95_s=times[1]
    )


def _failures(ends: Mapping[str, int]) -> tuple[int, float | None]:
    failed = sum(ends.get(status.value, 0) for status in FAILED)
    judged = failed + ends.get(Status.SUCCEEDED.value, 0)
    return failed, round(failed / judged, 4) if judged else None


def _slowest_first(item: ActionOutcomes) -> tuple[float, str]:
    return -(item.p95_s or 0), item.action


@dataclass(frozen=True)
class GateTimes:
    """Seconds; None where nothing is known."""

    oldest_waiting_s: float | None
    avg_wait_s: float | None
    avg_duration_s: float | None


def gate_times(gates: Sequence[int]) -> dict[int, GateTimes]:
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, [list(gates)])
        return {row[0]: GateTimes(*(None if value is None else round(value, 3) for value in row[1:])) for row in cursor}


def usual_durations(gates: Sequence[int]) -> dict[int, float]:
    """Seconds an execution at each gate runs, as far as that is known."""
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [list(gates)])
        return {gate: round(seconds, 3) for gate, seconds in cursor if seconds is not None}


def action_stats(action_ref: str, *, reader: "Identity") -> JsonObject:
    """`waiting, running, limit, oldest_waiting_s, avg_wait_s, total_enqueued, total_completed`, and the same per
    gate."""
    gates = Gate.objects.filter(policy__scope=Policy.Scope.ACTION, policy__subject=action_ref)
    newest = list(gates.select_related("policy").order_by("-used_at")[:MOST_GATES])
    limits = [gate.policy.limit_in_force for gate in newest if not gate.policy.is_rate]
    per_gate = gate_stats(newest, reader=reader)
    live = Execution.objects.filter(action_ref=action_ref)
    ages = [item["oldest_waiting_s"] for item in per_gate if item["oldest_waiting_s"] is not None]
    waits = [item["avg_wait_s"] for item in per_gate if item["avg_wait_s"] is not None]
    return {
        "action": action_ref,
        "waiting": live.filter(status__in=IN_LINE).count(),
        "running": live.filter(status__in=HOLDS_SLOT).count(),
        "limit": limits[0] if limits else None,
        "oldest_waiting_s": max(ages, default=None),
        "avg_wait_s": round(sum(waits) / len(waits), 3) if waits else None,
        "total_enqueued": sum(item["total_enqueued"] for item in per_gate),
        "total_completed": sum(item["total_completed"] for item in per_gate),
        "gates": per_gate,
    }


def gate_stats(gates: Sequence[Gate], *, reader: "Identity") -> list[JsonObject]:
    """One entry per gate, with the keys that `reader` may see.

    Each number ever dealt is waiting, running, or completed, so the completed need no counting.
    """
    ids = [gate.pk for gate in gates]
    counts, times, lately = _counts(ids), gate_times(ids), lately_at(gates)
    return [
        _stats_of(gate, counts[gate.pk], times[gate.pk], lately.get(gate.pk)) | key_facts(gate, reader)
        for gate in gates
    ]


def _stats_of(gate: Gate, counts: Counts, times: GateTimes, lately: Lately | None) -> JsonObject:
    """At a gate of a rate nobody holds anything: `running` are those that passed it and have not ended."""
    running = lately.running if lately else counts.holding
    return {
        "gate": gate.pk,
        "policy": gate.policy.name,
        "kind": gate.policy.kind,
        "limit": gate.policy.limit_in_force,
        "window_s": gate.policy.window_s,
        "passed": lately.passed if lately else None,
        "next_s": lately.next_s if lately else None,
        "waiting": counts.waiting,
        "running": running,
        "oldest_waiting_s": times.oldest_waiting_s,
        "avg_wait_s": times.avg_wait_s,
        "total_enqueued": gate.last_seq,
        "total_completed": max(0, gate.last_seq - counts.waiting - running),
    }


def lately_at(gates: Iterable[Gate]) -> Mapping[int, Lately]:
    """Of those of a rate; no query where there is none."""
    rates = [gate.pk for gate in gates if gate.policy.is_rate]
    return passed_lately(rates) if rates else {}


def estimate_s(gate: Gate, position: int, *, duration_s: float | None, lately: Lately | None) -> float | None:
    """Seconds until the one at `position` (1 is next) is let in, as far as that can be told.

    `duration_s` is how long executions at this gate usually run.
    """
    if lately is not None:
        return due_in_s(gate.policy, lately, position=position)
    limit = gate.policy.limit_in_force
    return round(math.ceil(position / limit) * duration_s, 1) if limit and duration_s is not None else None


def _counts(gates: Sequence[int]) -> dict[int, Counts]:
    """From the lines; from the database while Redis is away."""
    try:
        return dict(lines.slots().counts(gates))
    except (RedisAway, StaleEpoch):
        live = Execution.objects.filter(gate__in=gates, number__isnull=False, status__in=IN_LINE | HOLDS_SLOT)
        waiting, holding = (Count("pk", filter=Q(status__in=statuses)) for statuses in (IN_LINE, HOLDS_SLOT))
        counted = live.order_by().values_list("gate").annotate(waiting=waiting, holding=holding)
        found = {gate: Counts(waiting=waits, holding=holds) for gate, waits, holds in counted}
        return {gate: found.get(gate, Counts(waiting=0, holding=0)) for gate in gates}
