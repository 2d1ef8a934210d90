"""How busy gates are and were, at a cost that does not grow with the history, and in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from apps.core.redis import RedisAway
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.models import Execution, Gate
from apps.executions.slots.protocol import Counts, StaleEpoch
from apps.executions.states import HOLDS_SLOT, IN_LINE

#: Gates told one by one; an action with a key may have thousands.
MOST_GATES = 100

#: Per gate: seconds the oldest waits, mean wait of the newest 100 that passed, mean duration of the newest 50 that
# ended.
_TIMES = """
    SELECT g.id,
           (SELECT extract(epoch FROM clock_timestamp() - min(e.created_at))::float FROM executions_execution e
             WHERE e.gate_id = g.id AND e.number IS NOT NULL AND e.status IN ('requested', 'delayed')),
           (SELECT avg(extract(epoch FROM scheduled_at - created_at))::float FROM (
               SELECT scheduled_at, created_at FROM executions_execution e
                WHERE e.gate_id = g.id AND e.number IS NOT NULL AND scheduled_at IS NOT NULL AND not_before IS NULL
                ORDER BY number DESC LIMIT 100) passed),
           (SELECT avg(extract(epoch FROM ended_at - started_at))::float FROM (
               SELECT ended_at, started_at FROM executions_execution e
                WHERE e.gate_id = g.id AND e.number IS NOT NULL AND started_at IS NOT NULL AND ended_at IS NOT NULL
                ORDER BY number DESC LIMIT 50) ended)
      FROM unnest(%s::bigint[]) AS g (id)
"""


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
    times = gate_times(gates)
    return {gate: item.avg_duration_s for gate, item in times.items() if item.avg_duration_s is not None}


def action_stats(action_ref: str) -> JsonObject:
    """`waiting, running, limit, oldest_waiting_s, avg_wait_s, total_enqueued, total_completed`, and the same per
    gate."""
    gates = Gate.objects.filter(policy__source="action", policy__subject=action_ref).select_related("policy")
    newest = list(gates.order_by("-used_at")[:MOST_GATES])
    per_gate = gate_stats(newest)
    live = Execution.objects.filter(action_ref=action_ref)
    ages = [item["oldest_waiting_s"] for item in per_gate if item["oldest_waiting_s"] is not None]
    waits = [item["avg_wait_s"] for item in per_gate if item["avg_wait_s"] is not None]
    return {
        "action": action_ref,
        "waiting": live.filter(status__in=IN_LINE).count(),
        "running": live.filter(status__in=HOLDS_SLOT).count(),
        "limit": newest[0].policy.limit_in_force if newest else None,
        "oldest_waiting_s": max(ages, default=None),
        "avg_wait_s": round(sum(waits) / len(waits), 3) if waits else None,
        "total_enqueued": sum(item["total_enqueued"] for item in per_gate),
        "total_completed": sum(item["total_completed"] for item in per_gate),
        "gates": per_gate,
    }


def gate_stats(gates: Sequence[Gate]) -> list[JsonObject]:
    """One entry per gate.

    Each number ever dealt is waiting, running, or completed, so the completed need no counting.
    """
    ids = [gate.pk for gate in gates]
    counts, times = _counts(ids), gate_times(ids)
    return [
        {
            "gate": gate.pk,
            "policy": gate.policy.name,
            "key": gate.key_text or None,
            "limit": gate.policy.limit_in_force,
            "waiting": counts[gate.pk].waiting,
            "running": counts[gate.pk].holding,
            "oldest_waiting_s": times[gate.pk].oldest_waiting_s,
            "avg_wait_s": times[gate.pk].avg_wait_s,
            "total_enqueued": gate.last_seq,
            "total_completed": max(0, gate.last_seq - counts[gate.pk].waiting - counts[gate.pk].holding),
        }
        for gate in gates
    ]


def _counts(gates: Sequence[int]) -> dict[int, Counts]:
    """From the lines; from the database while Redis is away."""
    try:
        return dict(lines.slots().counts(gates))
    except (RedisAway, StaleEpoch):
        live = Execution.objects.filter(gate__in=gates, number__isnull=False)
        statuses = list(live.filter(status__in=IN_LINE | HOLDS_SLOT).values_list("gate", "status"))
        return {
            gate: Counts(
                waiting=sum(1 for at, status in statuses if at == gate and status in IN_LINE),
                holding=sum(1 for at, status in statuses if at == gate and status in HOLDS_SLOT),
            )
            for gate in gates
        }
