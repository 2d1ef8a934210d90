"""Removes gates that nobody used for an hour and that no live execution refers to, and policies without gates."""

from django.db import connection, transaction

from apps.executions import lines

#: Idle for so many seconds.
IDLE_AFTER_S = 3600
#: Gates looked at in one round, and ended executions that forget their gate in one.
_GATES = 100
_ROWS = 5000


def collect_idle_gates() -> int:
    """Returns how many were removed. Any number of processes may do it.

    A request that takes a number meanwhile waits for the row, or keeps it.
    """
    with transaction.atomic(durable=True):
        removed = _remove(_lock_idle())
    if removed:
        lines.slots().forget(removed)
    return len(removed)


def _lock_idle() -> list[int]:
    """Locked first and looked at afterwards: what a request wrote before the lock was had is then seen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM executions_gate WHERE used_at < clock_timestamp() - make_interval(secs => %s)"
            " ORDER BY used_at LIMIT %s FOR UPDATE SKIP LOCKED",
            [IDLE_AFTER_S, _GATES],
        )
        return [row[0] for row in cursor.fetchall()]


def _remove(locked: list[int]) -> list[int]:
    if not locked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT g.id FROM executions_gate g WHERE g.id = ANY(%(ids)s)
               AND NOT EXISTS (SELECT 1 FROM executions_policy p JOIN executions_pass passed ON passed.gate_id = g.id
                    WHERE p.id = g.policy_id
                    AND passed.at > clock_timestamp() - make_interval(secs => coalesce(p.window_s, 0)))
               AND NOT EXISTS (SELECT 1 FROM executions_execution e WHERE e.gate_id = g.id
                    AND e.status NOT IN ('succeeded', 'failed', 'timeout', 'canceled', 'abandoned'))
               AND NOT EXISTS (SELECT 1 FROM executions_execution e WHERE e.later_gates @> ARRAY[g.id]
                    AND e.later_gates <> '{}'
                    AND e.status NOT IN ('succeeded', 'failed', 'timeout', 'canceled', 'abandoned'))
            """,
            {"ids": locked},
        )
        unused = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """
            UPDATE executions_execution SET gate_id = NULL
             WHERE id IN (SELECT id FROM executions_execution WHERE gate_id = ANY(%(ids)s) LIMIT %(most)s)
            """,
            {"ids": unused, "most": _ROWS},
        )
        if cursor.rowcount == _ROWS:
            return []  # the rest forgets its gate in the next rounds
        cursor.execute(
            "UPDATE executions_gate SET used_at = clock_timestamp() WHERE id = ANY(%s)",
            [list(set(locked) - set(unused))],
        )
        cursor.execute("DELETE FROM executions_pass WHERE gate_id = ANY(%s)", [unused])
        cursor.execute("DELETE FROM executions_gate WHERE id = ANY(%s)", [unused])
    return unused


def collect_removed_policies() -> int:
    """Removed an hour ago, and nobody refers to them any more: a request that still took one for valid is over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM executions_policy p WHERE p.is_removed"
            " AND p.updated_at < clock_timestamp() - make_interval(secs => %s)"
            " AND NOT EXISTS (SELECT 1 FROM executions_gate g WHERE g.policy_id = p.id)",
            [IDLE_AFTER_S],
        )
        return int(cursor.rowcount)
