"""Who runs which sensor: leases by the database's clock, each holder told from the one before by a growing fence."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.core import streaming

#: Another host takes over so long after the last sign of life: with the look for it, less than 30 s.
LEASE_S = 28.0


@dataclass(frozen=True)
class Lease:
    """What a holder shows whenever it writes something about the sensor."""

    sensor_id: int
    fence: int


def claim(sensor_ids: Collection[int], *, holder: str, most: int, lease_s: float = LEASE_S) -> list[Lease]:
    """Takes at most so many of those that nobody holds. Any number of processes may do this at once."""
    rows = _run(
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM triggers_sensorinstance
             WHERE sensor_id = ANY(%(ids)s) AND (lease_until IS NULL OR lease_until < clock_timestamp())
             ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE triggers_sensorinstance i
           SET holder = %(holder)s, fence = fence + 1,
               lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
          FROM free WHERE i.id = free.id
        RETURNING i.sensor_id, i.fence
        """,
        {"ids": list(sensor_ids), "most": most, "holder": holder, "lease": lease_s},
    )
    if rows:
        streaming.tell("sensor")
    return [Lease(*row) for row in rows]


def renew(leases: Mapping[int, int], *, lease_s: float = LEASE_S) -> set[int]:
    """`{sensor: fence}` → those that are still held by these. One that ran out, and nobody took, is held again."""
    rows = _run(
        """
        WITH mine AS MATERIALIZED (
            SELECT i.id FROM triggers_sensorinstance i
              JOIN unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (sensor_id, fence)
                ON i.sensor_id = held.sensor_id AND i.fence = held.fence AND i.holder <> ''
             ORDER BY i.id FOR NO KEY UPDATE OF i)
        UPDATE triggers_sensorinstance i SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
          FROM mine WHERE i.id = mine.id
        RETURNING i.sensor_id
        """,
        {"ids": list(leases), "fences": list(leases.values()), "lease": lease_s},
    )
    return {row[0] for row in rows}


def release(lease: Lease) -> None:
    """Anybody may take it at once. Nothing where somebody else holds it by now."""
    _run(
        "UPDATE triggers_sensorinstance SET holder = '', lease_until = NULL"
        " WHERE sensor_id = %(id)s AND fence = %(fence)s RETURNING id",
        {"id": lease.sensor_id, "fence": lease.fence},
    )


def count_lines(lease: Lease, *, recorded: int, refused: int, last_refusal: str) -> bool:
    """Inside the transaction that records them; False: somebody else holds the sensor, or nobody does."""
    rows = _run(
        "UPDATE triggers_sensorinstance SET events = events + %(recorded)s, refused = refused + %(refused)s,"
        " last_event_at = CASE WHEN %(recorded)s > 0 THEN clock_timestamp() ELSE last_event_at END,"
        " last_refusal = CASE WHEN %(last)s <> '' THEN %(last)s ELSE last_refusal END"
        " WHERE sensor_id = %(id)s AND fence = %(fence)s AND holder <> '' RETURNING id",
        {
            "id": lease.sensor_id, "fence": lease.fence,
            "recorded": recorded, "refused": refused, "last": last_refusal,
        },
    )  # fmt: skip
    return bool(rows)


@transaction.atomic
def _run(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
