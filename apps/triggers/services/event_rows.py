"""Writes rows of events. What is delivered by webhook has its line in the webhook's log by the same statement: such a
delivery costs one round trip and one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from apps.triggers.models import Event

_COLUMNS = {
    "type_ref": "text", "pack_ref": "text", "digest": "text", "parameters": "jsonb",
    "payload": "jsonb", "source": "text", "source_ref": "text", "dedupe_key": "text", "trace_id": "uuid",
    "depth": "smallint", "caused_by_id": "bigint", "replay_of_id": "bigint", "sent_by_id": "bigint",
}  # fmt: skip
_SAID = {**_COLUMNS, "delivery": "jsonb"}


def _insert(also: str = "") -> str:
    """`also`: what else is written, from `said` and `written`.

    Ids are drawn before the rows are written, so that the answer tells of each, in their order, whether it is new. One
    document for all: with a placeholder for each value, most of the time went into reading the statement.
    """
    return f"""
        WITH said AS MATERIALIZED (
            SELECT nextval(pg_get_serial_sequence('triggers_event', 'id')) AS id, event.*
              FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS ({", ".join(map(" ".join, _SAID.items()))}))
                   WITH ORDINALITY AS event ({", ".join(_SAID)}, place)
        ), written AS (
            INSERT INTO triggers_event (id, {", ".join(_COLUMNS)})
            SELECT id, {", ".join(_COLUMNS)} FROM said ORDER BY place
                ON CONFLICT (type_ref, digest, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
            RETURNING id
        ) {also}
        SELECT said.id, written.id IS NOT NULL FROM said LEFT JOIN written USING (id) ORDER BY place
    """


_INSERT = _insert()
_INSERT_DELIVERED = _insert("""
        , logged AS (
            INSERT INTO triggers_webhookdelivery
                   (webhook_id, outcome, reason, status, event_id, delivery_id, address, size)
            SELECT (delivery->>'webhook_id')::bigint, 'accepted', '', 202, id,
                   delivery->>'delivery_id', delivery->>'address', (delivery->>'size')::bigint
              FROM said JOIN written USING (id) WHERE delivery IS NOT NULL
        )
""")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How an event came in by a webhook. `delivery_id` is the sender's name for it; `size` the bytes of the body."""

    webhook_id: int
    delivery_id: str
    address: str
    size: int


@dataclass(frozen=True)
class Recorded:
    """`is_new` is false where an earlier event had the dedupe key; then it is that one."""

    event_id: int
    is_new: bool


def write(rows: Sequence[Mapping[str, Any]]) -> list[Recorded]:
    """Rows with all columns of `_SAID`, as JSON takes them; all or none, without a transaction around it too."""
    has_deliveries = any(row["delivery"] for row in rows)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_DELIVERED if has_deliveries else _INSERT, [orjson.dumps(rows).decode()])
        written = cursor.fetchall()
    doubles = [row for (_, is_new), row in zip(written, rows, strict=True) if not is_new]
    earlier = _earlier(doubles) if doubles else {}
    return [
        Recorded(event_id if is_new else earlier[_key(row)], is_new=is_new)
        for (event_id, is_new), row in zip(written, rows, strict=True)
    ]


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["type_ref"], row["digest"], row["dedupe_key"]


def _earlier(doubles: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    """Of all of them in one query: a sensor that comes back may send a thousand once more."""
    found = _found(doubles)
    if gone := [row for row in doubles if _key(row) not in found]:  # removed between the two statements
        found |= {_key(row): recorded.event_id for row, recorded in zip(gone, write(gone), strict=True)}
    return found


def _found(doubles: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    types, digests, keys = (set(column) for column in zip(*map(_key, doubles), strict=True))
    rows = Event.objects.filter(type_ref__in=types, digest__in=digests, dedupe_key__in=keys)
    found = rows.values_list("type_ref", "digest", "dedupe_key", "pk")
    return {(type_ref, digest, str(key)): pk for type_ref, digest, key, pk in found}
