"""Events as JSON."""

from apps.core.types import JsonObject
from apps.triggers.models import Event


def represent_event(event: Event) -> JsonObject:
    base = f"/api/v1/events/{event.pk}"
    return {
        "id": event.pk,
        "type": event.type_ref,
        "pack": event.pack_ref,
        "parameters": event.parameters,
        "payload": event.payload,
        "source": event.source,
        "source_ref": event.source_ref or None,
        "dedupe_key": event.dedupe_key,
        "trace_id": str(event.trace_id),
        "depth": event.depth,
        "caused_by": event.caused_by_id,
        "replay_of": event.replay_of_id,
        "sent_by": event.sent_by.username if event.sent_by else None,
        "received_at": event.received_at,
        "processed_at": event.processed_at,
        "links": {
            "self": base,
            "enforcements": f"/api/v1/enforcements?event={event.pk}",
            "trace": f"/api/v1/traces/{event.trace_id}",
            "replay": f"{base}/replay",
        },
    }


def represent_unseen(event: Event) -> JsonObject:
    """That it is there, for who sent it again and may not see what somebody else sent."""
    hidden = dict.fromkeys(("parameters", "payload", "source_ref", "caused_by", "sent_by"))
    return {**represent_event(event), **hidden}
