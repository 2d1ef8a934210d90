"""Triggers, events and rules, without files."""

from typing import Any

from apps.accounts.models import Identity
from apps.core.types import JsonObject
from apps.rules.checks import RuleSpec
from apps.rules.models import Rule
from apps.rules.services.rules import create_rule
from apps.triggers.models import Event, TriggerType
from apps.triggers.services.events import Occurrence, record


def make_trigger_type(name: str = "pushed", *, pack: str = "demo", **fields: Any) -> TriggerType:
    """`fields` as the model's."""
    return TriggerType.objects.update_or_create(
        ref=f"{pack}.{name}", defaults={"pack_ref": pack, "name": name, "is_removed": False, **fields}
    )[0]


def make_rule(owner: Identity, name: str = "on_push", **fields: Any) -> Rule:
    """Of `demo.pushed`, running `demo.deploy`, unless `fields` (those of `RuleSpec`) say otherwise."""
    said = {"trigger": "demo.pushed", "action": "demo.deploy", **fields}
    return create_rule(owner, RuleSpec(name=name, **said))


def make_event(payload: JsonObject | None = None, type_ref: str = "demo.pushed", **fields: Any) -> Event:
    """One that nobody has processed yet; `fields` those of `Occurrence`."""
    said = {"source": "api", **fields}
    [recorded] = record([Occurrence(type_ref=type_ref, payload=payload or {}, **said)])
    return Event.objects.get(pk=recorded.event_id)
