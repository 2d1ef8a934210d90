"""The action's parameters for an event, from a rule's templates; these are compiled once in each process."""

from functools import lru_cache

import orjson

from apps.core.types import JsonObject, JsonValue
from apps.rules.models import Rule
from apps.rules.parameters import Parameters, compile_parameters
from apps.triggers.models import Event


def rendered(templates: JsonObject, *, event: Event, rule: Rule) -> JsonObject:
    """Raises `RenderingFailed` with a pointer for each template that fails."""
    facts: JsonObject = {
        "id": event.pk,
        "type": event.type_ref,
        "trace_id": str(event.trace_id),
        "source": event.source,
        "received_at": event.received_at.isoformat(),
    }
    return rendered_with(templates, payload=event.payload, event=facts, rule={"ref": rule.ref, "name": rule.name})


def rendered_with(templates: JsonObject, *, payload: JsonValue, event: JsonObject, rule: JsonObject) -> JsonObject:
    """The same for an event there may never have been."""
    return _compiled(orjson.dumps(templates)).render({"trigger": payload, "event": event, "rule": rule})


@lru_cache(maxsize=4096)
def _compiled(templates: bytes) -> Parameters:
    return compile_parameters(orjson.loads(templates))
