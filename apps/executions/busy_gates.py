"""Finds the gates with somebody in their line among any number of idle ones: by who waits, not by gate."""

from collections.abc import Sequence

from django.db import connection

from apps.core.redis import RedisAway
from apps.executions import lines
from apps.executions.slots.protocol import StaleEpoch

#: Gates looked at, those with most executions in front of them first.
MOST_CANDIDATES = 200

#: `first`: how many stand at their first gate; `later`: how many have it still before them. Who waits at a later gate
#: only the lines know.
_WAITING = """
    SELECT gate_id AS gate, count(*) AS first, 0 AS later FROM executions_execution
     WHERE status IN ('requested', 'delayed') AND gate_id IS NOT NULL AND number IS NOT NULL GROUP BY 1
     UNION ALL
    SELECT unnest(later_gates), 0, count(*) FROM executions_execution
     WHERE status IN ('requested', 'delayed') AND later_gates <> '{}' GROUP BY 1
"""
#: The join costs more than all the rest, so it is there only where somebody looks for a name.
_NARROWED = """
      JOIN executions_gate g ON g.id = w.gate JOIN executions_policy p ON p.id = g.policy_id
     WHERE (%(policy)s::bigint IS NULL OR p.id = %(policy)s)
       AND (%(like)s = '' OR p.name ILIKE %(like)s OR (%(in_keys)s AND g.key_text ILIKE %(like)s))
"""
_CANDIDATES = """
    SELECT w.gate, sum(w.first)::bigint FROM ({waiting}) w {narrowed}
     GROUP BY 1 ORDER BY sum(w.first) + sum(w.later) DESC, 1 LIMIT %(most)s
"""


def gates_with_a_line(*, containing: str = "", policy: int | None = None, in_keys: bool = True) -> list[int]:
    """Gates in whose line somebody stands, the longest line first, at most `MOST_CANDIDATES`.

    One query, whose cost grows with how many wait, not with how many gates or ended executions there are.
    `containing` narrows to those with this text in the name of their policy or, with `in_keys`, in their key.
    """
    escaped = containing.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {
        "like": f"%{escaped}%" if containing else "",
        "policy": policy,
        "most": MOST_CANDIDATES,
        "in_keys": in_keys,
    }
    narrowed = _NARROWED if containing or policy is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(waiting=_WAITING, narrowed=narrowed), values)
        found: dict[int, int] = dict(cursor.fetchall())
    waiting = _waiting(list(found)) or found
    return sorted((gate for gate in found if waiting[gate]), key=lambda gate: (-waiting[gate], gate))


def _waiting(gates: Sequence[int]) -> dict[int, int]:
    """Empty while nobody can tell."""
    try:
        return {gate: counts.waiting for gate, counts in lines.slots().counts(gates).items()}
    except (RedisAway, StaleEpoch):
        return {}
