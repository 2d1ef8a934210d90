"""Events that people and programs send, and events that are sent once more."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.permissions import Verb, may, require
from apps.core.errors import NotFound
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.triggers.internal import depths_after
from apps.triggers.models import Event, TriggerType
from apps.triggers.services.event_rows import Recorded
from apps.triggers.services.events import Occurrence, record
from apps.triggers.types import UnknownTrigger, find_type

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class UnknownEvent(NotFound):
    """There is no such event, or it is not yours to see."""

    code = "unknown_event"


def get_event(identity: "Identity", event_id: int) -> Event:
    event = Event.objects.visible_to(identity).select_related("sent_by").filter(pk=event_id).first()
    if event is None:
        raise _unknown(event_id)
    return event


def _unknown(event_id: int) -> UnknownEvent:
    return UnknownEvent(f"There is no event {event_id}.")


def get_type(identity: "Identity", ref: str) -> TriggerType:
    """By its ref or another name. Raises `UnknownTrigger`."""
    found = find_type(ref)
    if not may(identity, Verb.TRIGGER_VIEW, on=found):
        raise UnknownTrigger(f"There is no trigger {ref}.", trigger=ref)
    return found


def send_event(
    identity: "Identity",
    *,
    type_ref: str,
    payload: JsonObject,
    parameters: JsonObject | None = None,
    dedupe_key: str | None = None,
) -> Recorded:
    """Raises `UnknownTrigger`, `Forbidden`, `InvalidPayload` with pointers."""
    trigger_type = find_type(type_ref)
    if not may(identity, Verb.EVENT_SEND, on=trigger_type):
        require(identity, Verb.EVENT_SEND, on=get_type(identity, type_ref))
    cause = cause_of(identity)
    [recorded] = record(
        [
            Occurrence(
                type_ref=trigger_type.ref,
                payload=payload,
                parameters=parameters or {},
                source="api",
                source_ref=identity.username,
                dedupe_key=dedupe_key,
                caused_by_id=cause.execution_id,
                trace_id=cause.trace_id,
                depth=cause.depth,
                sent_by=identity,
            )
        ],
        types={trigger_type.ref: trigger_type},
    )
    return recorded


@transaction.atomic
def replay_event(identity: "Identity", event: Event, *, rule_ref: str = "") -> Recorded:
    """A new event like `event`, for the rules as they are now, or for one of them alone. Raises `Forbidden`, and
    `UnknownEvent` where it has been removed meanwhile."""
    require(identity, Verb.EVENT_SEND, on=event)
    if not list(Event.objects.select_for_update(no_key=True).filter(pk=event.pk).values_list("pk")):
        raise _unknown(event.pk)
    cause = cause_of(identity)
    [recorded] = record(
        [
            Occurrence(
                type_ref=event.type_ref,
                payload=event.payload,
                parameters=event.parameters,
                source="replay",
                source_ref=rule_ref,
                caused_by_id=cause.execution_id,
                trace_id=cause.trace_id,
                depth=cause.depth,
                sent_by=identity,
                replay_of_id=event.pk,
            )
        ]
    )
    return recorded


@dataclass(frozen=True)
class Cause:
    """Where `identity` comes from with its token: the execution and its trace, and how many rules stand behind what it
    sends. Empty for people."""

    execution_id: int | None = None
    trace_id: uuid.UUID | None = None
    depth: int = 0


def cause_of(identity: "Identity") -> Cause:
    execution_id = identity.token.execution_id if identity.token is not None else None
    if execution_id is None:
        return Cause()
    trace_id = Execution.objects.filter(pk=execution_id).values_list("trace_id", flat=True).first()
    return Cause(execution_id, trace_id, depths_after([execution_id]).get(execution_id, 0))
