"""What the database knows of gates of a rate: who passed lately, and when the next may."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from apps.executions.models import Pass, Policy
from apps.executions.states import HOLDS_SLOT

#: Remembered passes that are forgotten in one round, of each gate.
_FORGOTTEN = 2000

_LATELY = """
    SELECT g.id, coalesce(p.limit_override, p.limit), lately.passed,
           p.window_s - extract(epoch FROM clock_timestamp() - lately.opens)::float,
           (SELECT count(*) FROM executions_execution e
             WHERE (e.gate_id = g.id OR (e.later_gates @> ARRAY[g.id] AND e.later_gates <> '{}'))
               AND e.number IS NOT NULL AND e.status = ANY(%s))
      FROM executions_gate g
      JOIN executions_policy p ON p.id = g.policy_id AND p.kind = 'rate'
     CROSS JOIN LATERAL (
           SELECT count(*) AS passed,
                  (array_agg(at ORDER BY at DESC))[coalesce(p.limit_override, p.limit)] AS opens
             FROM executions_pass
            WHERE gate_id = g.id AND at > clock_timestamp() - make_interval(secs => p.window_s)) lately
     WHERE g.id = ANY(%s)
"""
_NEWEST = """
    SELECT g.id, (extract(epoch FROM clock_timestamp() - newest.at) * 1000)::bigint
      FROM executions_gate g
      JOIN executions_policy p ON p.id = g.policy_id AND p.kind = 'rate' AND NOT p.is_removed
     CROSS JOIN LATERAL (
           SELECT at FROM executions_pass
            WHERE gate_id = g.id AND at > clock_timestamp() - make_interval(secs => p.window_s)
            ORDER BY at DESC LIMIT greatest(p.limit, p.limit_override)) newest
     ORDER BY newest.at
"""
_FORGET = """
    DELETE FROM executions_pass WHERE id IN (
        SELECT old.id FROM executions_gate g
          JOIN executions_policy p ON p.id = g.policy_id AND p.kind = 'rate'
         CROSS JOIN LATERAL (
               SELECT id FROM executions_pass
                WHERE gate_id = g.id AND at < clock_timestamp() - make_interval(secs => p.window_s)
                LIMIT %s) old)
"""


@dataclass(frozen=True)
class Lately:
    """`passed`: how many within the window. `next_s`: seconds until the next may, 0 when it may now, None when the
    limit is 0. `running`: how many passed, whenever that was, and have not ended."""

    passed: int
    next_s: float | None
    running: int


def passed_lately(gates: Iterable[int]) -> Mapping[int, Lately]:
    """Those of `gates` that are of a rate. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [[status.value for status in HOLDS_SLOT], list(gates)])
        found = cursor.fetchall()
    return {
        gate: Lately(passed, None if limit == 0 else max(0.0, round(next_s or 0.0, 3)), running)
        for gate, limit, passed, next_s, running in found
    }


def count_passed(gate: int, *, window_s: float) -> int:
    """How many passed within the window. One look into an index."""
    return Pass.objects.filter(gate=gate, at__gt=Now() - timedelta(seconds=window_s)).count()


def newest_passes() -> Sequence[tuple[int, int]]:
    """`(gate, ms ago)`, oldest first: all that count at any rate, for lines that are built anew."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        return [(gate, max(0, age_ms)) for gate, age_ms in cursor.fetchall()]


def forget_old_passes() -> int:
    """Removes those that fell out of their window. Returns how many. Any number of processes may do it."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [_FORGOTTEN])
        return int(cursor.rowcount)


def due_in_s(policy: Policy, lately: Lately, *, position: int) -> float | None:
    """Seconds until the one at `position` (1 is next) of a rate's line may pass; None when nobody may."""
    limit, window_s = policy.limit_in_force, policy.window_s
    if not limit or window_s is None or lately.next_s is None:
        return None
    at_once = max(0, limit - lately.passed)
    windows = (position - 1 - at_once) // limit + 1 if position > at_once else 0
    return round(lately.next_s + max(0, windows - (lately.next_s > 0)) * window_s, 1)
