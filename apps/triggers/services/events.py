"""Records that something happened. What is recorded is processed, exactly once, by whichever conductor comes first."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson

from apps.core import tracing
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.runner.jsonvalue import BadValueError, check_value
from apps.triggers import hints
from apps.triggers.models import TriggerType
from apps.triggers.services.event_rows import Delivery, Recorded, write
from apps.triggers.types import digest_of, find_types, parameter_errors, payload_errors, with_defaults

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Largest payload, as JSON.
MAX_PAYLOAD_BYTES = 1024 * 1024
#: Most occurrences recorded at once.
MAX_BATCH = 1_000

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
    delivery: Delivery | None = None


def record(occurrences: Sequence[Occurrence], *, types: Mapping[str, TriggerType] | None = None) -> list[Recorded]:
    """Writes the events, all or none, in the caller's transaction or one of its own; after commit a conductor is told.
    What was delivered by webhook and is new is in the webhook's log then. `types`: where the caller has looked them up.

    Raises `UnknownTrigger`, `InvalidPayload` with pointers (`/payload/…`, under `/events/<i>` where there are several).
    """
    if not occurrences:
        return []
    types = types or find_types(occurrence.type_ref for occurrence in occurrences)
    _check(occurrences, types)
    recorded = write([_columns(occurrence, types[occurrence.type_ref]) for occurrence in occurrences])
    if any(item.is_new for item in recorded):
        hints.tell_after_commit()
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
        "delivery": asdict(occurrence.delivery) if occurrence.delivery else None,
    }
