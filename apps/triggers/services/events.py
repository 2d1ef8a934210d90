"""Records that something happened. What is recorded is processed, exactly once, by whichever conductor comes first."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson
from django.db import connection, transaction

from apps.core import streaming, tracing
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.runner.jsonvalue import BadValueError, check_value
from apps.triggers import hints
from apps.triggers.models import Event, TriggerType
from apps.triggers.types import digest_of, find_types, parameter_errors, payload_errors, with_defaults

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Largest payload, as JSON.
MAX_PAYLOAD_BYTES = 1024 * 1024
#: Most occurrences recorded at once.
MAX_BATCH = 1_000

_COLUMNS = {
    "type_ref": "text", "pack_ref": "text", "digest": "text", "parameters": "jsonb",
    "payload": "jsonb", "source": "text", "source_ref": "text", "dedupe_key": "text", "trace_id": "uuid",
    "depth": "smallint", "caused_by_id": "bigint", "replay_of_id": "bigint", "sent_by_id": "bigint",
}  # fmt: skip
#: Ids are drawn before the rows are written, so that the answer tells of each, in their order, whether it is new. One
#: document for all: with a placeholder for each value, most of the time went into reading the statement.
_INSERT = f"""
    WITH said AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('triggers_event', 'id')) AS id, event.*
          FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS ({", ".join(map(" ".join, _COLUMNS.items()))}))
               WITH ORDINALITY AS event ({", ".join(_COLUMNS)}, place)
    ), written AS (
        INSERT INTO triggers_event (id, {", ".join(_COLUMNS)})
        SELECT id, {", ".join(_COLUMNS)} FROM said ORDER BY place
            ON CONFLICT (type_ref, digest, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
        RETURNING id
    )
    SELECT said.id, written.id IS NOT NULL FROM said LEFT JOIN written USING (id) ORDER BY place
"""

Source = Literal["timer", "webhook", "sensor", "api", "internal", "replay"]


class InvalidPayload(Invalid):
    """The payload does not fit the trigger."""

    code = "invalid_payload"


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """Something that happened. `dedupe_key`: of two with the same key, of one trigger, the first counts."""

    type_ref: str
    payload: JsonObject
    source: Source
    parameters: JsonObject = field(default_factory=dict)
    source_ref: str = ""
    dedupe_key: str | None = None
    trace_id: uuid.UUID | None = None
    caused_by_id: int | None = None
    depth: int = 0
    sent_by: "Identity | None" = None
    replay_of_id: int | None = None


@dataclass(frozen=True)
class Recorded:
    """`is_new` is false where an earlier event had the dedupe key; then it is that one."""

    event_id: int
    is_new: bool


def record(occurrences: Sequence[Occurrence], *, types: Mapping[str, TriggerType] | None = None) -> list[Recorded]:
    """Writes the events, all or none, in the caller's transaction or one of its own; after commit a conductor is told.
    `types`: where the caller has looked them up.

    Raises `UnknownTrigger`, `InvalidPayload` with pointers (`/payload/…`, under `/events/<i>` where there are several).
    """
    if not occurrences:
        return []
    types = types or find_types(occurrence.type_ref for occurrence in occurrences)
    _check(occurrences, types)
    with transaction.atomic(savepoint=False):  # what fails in there has broken the caller's transaction anyway
        recorded = _write([_columns(occurrence, types[occurrence.type_ref]) for occurrence in occurrences])
        if any(item.is_new for item in recorded):
            hints.hint_after_commit()
            streaming.tell("event")
    return recorded


def _check(occurrences: Sequence[Occurrence], types: Mapping[str, TriggerType]) -> None:
    errors: list[FieldError] = []
    for index, occurrence in enumerate(occurrences):
        place = f"/events/{index}" if len(occurrences) > 1 else ""
        errors += _mistakes(occurrence, types[occurrence.type_ref], place)
    if errors:
        raise InvalidPayload(errors=errors)


def _mistakes(occurrence: Occurrence, trigger_type: TriggerType, place: str) -> list[FieldError]:
    try:
        check_value(occurrence.payload)
        check_value(occurrence.parameters)
    except BadValueError as error:
        return [FieldError(f"{place}/payload{error.pointer}", "invalid", f"{error.reason} cannot be kept")]
    size = len(orjson.dumps(occurrence.payload))
    if size > MAX_PAYLOAD_BYTES:
        text = f"{size} bytes; at most {MAX_PAYLOAD_BYTES} are taken"
        return [FieldError(f"{place}/payload", "too_large", text)]
    full = with_defaults(trigger_type, occurrence.parameters)
    return [
        *parameter_errors(trigger_type, full, pointer=f"{place}/parameters"),
        *payload_errors(trigger_type, occurrence.payload, pointer=f"{place}/payload"),
    ]


def _columns(occurrence: Occurrence, trigger_type: TriggerType) -> dict[str, Any]:
    parameters = with_defaults(trigger_type, occurrence.parameters)
    return {
        "type_ref": trigger_type.ref,
        "pack_ref": trigger_type.pack_ref,
        "digest": digest_of(parameters),
        "parameters": parameters,
        "payload": occurrence.payload,
        "source": occurrence.source,
        "source_ref": occurrence.source_ref,
        "dedupe_key": occurrence.dedupe_key,
        "trace_id": occurrence.trace_id or tracing.new_trace_id(),
        "depth": occurrence.depth,
        "caused_by_id": occurrence.caused_by_id,
        "replay_of_id": occurrence.replay_of_id,
        "sent_by_id": occurrence.sent_by.pk if occurrence.sent_by else None,
    }


def _write(rows: Sequence[Mapping[str, Any]]) -> list[Recorded]:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [orjson.dumps(rows).decode()])
        written = cursor.fetchall()
    doubles = [row for (_, is_new), row in zip(written, rows, strict=True) if not is_new]
    earlier = _earlier(doubles) if doubles else {}
    return [
        Recorded(event_id if is_new else earlier[_delivery(row)], is_new=is_new)
        for (event_id, is_new), row in zip(written, rows, strict=True)
    ]


def _delivery(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["type_ref"], row["digest"], row["dedupe_key"]


def _earlier(doubles: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    """Of all of them in one query: a sensor that comes back may send a thousand once more."""
    types, digests, keys = (set(column) for column in zip(*map(_delivery, doubles), strict=True))
    rows = Event.objects.filter(type_ref__in=types, digest__in=digests, dedupe_key__in=keys)
    found = rows.values_list("type_ref", "digest", "dedupe_key", "pk")
    return {(type_ref, digest, str(key)): pk for type_ref, digest, key, pk in found}
