"""The action's parameters for an event, from a rule's templates."""

from apps.core.errors import Invalid
from apps.core.types import JsonObject, JsonValue
from apps.rules.models import Rule
from apps.rules.parameters import InvalidTemplates, compile_parameters
from apps.triggers.models import Event


class TemplatesFailed(Invalid):
    """The rule's templates could not be filled in for this event."""

    code = "template_failed"


def rendered(templates: JsonObject, *, event: Event, rule: Rule) -> JsonObject:
    """Raises `TemplatesFailed` with a pointer for each template that fails."""
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
    try:
        return compile_parameters(templates).render({"trigger": payload, "event": event, "rule": rule})
    except InvalidTemplates as error:
        raise TemplatesFailed(errors=error.errors) from error
