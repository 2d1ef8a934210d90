"""Trying a rule out on a payload or on a past event, and the events that are offered for it. Nothing is started."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.http import QueryDict

from apps.console.schema_form.fields import as_text
from apps.core.errors import AttuneError, FieldError, Invalid
from apps.core.types import JsonObject, JsonValue
from apps.rules.models import Rule
from apps.rules.services.explain import explain, said_of
from apps.runner.jsonvalue import BadValueError, load_json
from apps.triggers.models import Event
from apps.triggers.services.sending import get_event

if TYPE_CHECKING:
    from apps.accounts.models import Identity

_OFFERED = 10


@dataclass
class Trial:
    """`then` is what came of the event when it came, where one was chosen and the rule is kept."""

    said: JsonObject = field(default_factory=dict)
    event: Event | None = None
    then: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def parameters(self) -> str:
        shown = self.said.get("parameters")
        return "" if shown is None else as_text(shown, is_indented=True)


def newest_events(type_ref: str, *, reader: "Identity") -> list[Event]:
    """The newest events of a type, without what they carry."""
    if not type_ref:
        return []
    rows = Event.objects.visible_to(reader).filter(type_ref=type_ref).order_by("-pk")
    return list(rows.only("pk", "type_ref", "source", "source_ref", "received_at")[:_OFFERED])


def try_rule(
    rule: Rule,
    posted: QueryDict,
    *,
    reader: "Identity",
    criteria: JsonValue = None,
    parameters: JsonObject | None = None,
) -> Trial:
    """What `rule`, or other criteria and templates in their place, says of the event or payload that was sent."""
    trial = Trial()
    try:
        trial.event, payload = _given(posted, reader)
        trial.said = said_of(rule, payload, event=trial.event, criteria=criteria, parameters=parameters)
    except AttuneError as error:
        errors = [item for item in error.errors if isinstance(item, FieldError)]
        trial.problems = [f"{item.pointer}: {item.detail}" for item in errors] or [error.detail]
    if trial.event is not None and rule.pk is not None:
        trial.then = str(explain(rule, trial.event)["text"])
    return trial


def _given(posted: QueryDict, reader: "Identity") -> tuple[Event | None, JsonObject]:
    """Raises `Invalid`, `UnknownEvent`."""
    number, text = posted.get("event", "").strip(), posted.get("payload", "")
    if number:
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Invalid("The event is named by its number.")
        event = get_event(reader, int(number))
        return event, event.payload
    try:
        payload = load_json(text.encode(), keys_may_repeat=False) if text.strip() else {}
    except BadValueError as error:
        raise Invalid(f"The payload: {error}.") from error
    if not isinstance(payload, dict):
        raise Invalid("A payload is a JSON object.")
    return None, payload
