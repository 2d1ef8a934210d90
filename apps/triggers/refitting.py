"""Keeps rules and events together when a pack changes which parameters a trigger type knows, or their defaults.

Rules listen to parameters with the defaults of the day on which they were written; events come with those of today.
"""

from collections.abc import Mapping

import orjson
from django.db import connection

from apps.core.types import JsonObject, JsonValue
from apps.triggers.listening import set_listened
from apps.triggers.models import Trigger, TriggerType
from apps.triggers.types import digest_of, with_defaults

#: What is open comes to its rules; a delivery that is there already under the new digest stays that one.
_MOVE_EVENTS = """
    UPDATE triggers_event e SET digest = %(to)s, parameters = %(parameters)s::jsonb
     WHERE e.type_ref = %(type)s AND e.digest = %(before)s AND e.processed_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM triggers_event o
                        WHERE o.type_ref = e.type_ref AND o.digest = %(to)s AND o.dedupe_key = e.dedupe_key)
"""


def refit(trigger_type: TriggerType, *, before: JsonObject) -> None:
    """In the transaction in which the type's parameters change; `before` is their schema until now.

    A name that is new gets its default. One that is gone goes where it said no more than its default. What a rule
    says otherwise stays, also where another default would be there now.
    """
    for trigger in trigger_type.triggers.select_for_update(no_key=True).order_by("pk"):
        full = _refitted(trigger.parameters, trigger_type, before=before)
        digest = digest_of(full)
        if digest != trigger.digest:
            _move(trigger, trigger_type, full=full, digest=digest)


def _refitted(parameters: JsonObject, trigger_type: TriggerType, *, before: JsonObject) -> JsonObject:
    known, once = _declared(trigger_type.parameters_schema), _declared(before)
    kept = {
        name: value
        for name, value in parameters.items()
        if name in known or "default" not in once.get(name, {}) or once[name]["default"] != value
    }
    return with_defaults(trigger_type, kept)


def _declared(schema: JsonObject) -> Mapping[str, dict[str, JsonValue]]:
    declared: dict[str, dict[str, JsonValue]] = schema.get("properties", {})
    return declared


def _move(trigger: Trigger, trigger_type: TriggerType, *, full: JsonObject, digest: str) -> None:
    with connection.cursor() as cursor:
        said = {
            "type": trigger_type.ref,
            "before": trigger.digest,
            "to": digest,
            "parameters": orjson.dumps(full).decode(),
        }
        cursor.execute(_MOVE_EVENTS, said)
    same = Trigger.objects.filter(type=trigger_type, digest=digest).first()
    if same is None:
        Trigger.objects.filter(pk=trigger.pk).update(parameters=full, digest=digest)
        return
    trigger.rules.update(trigger=same)
    set_listened({trigger.pk: False, same.pk: same.is_listened or trigger.is_listened})
