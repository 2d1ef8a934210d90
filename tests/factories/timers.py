"""Trigger types of time as the core pack has them, and timers that a rule could listen to."""

from datetime import timedelta
from pathlib import Path

import yaml
from django.db import connection, transaction

from apps.core.types import JsonObject
from apps.triggers import listening
from apps.triggers.models import Timer, Trigger, TriggerType

_FOLDER = Path(__file__).parents[2] / "packs" / "core" / "triggers"


def add_timer_types() -> None:
    for name in ("interval", "cron", "date"):
        said = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text())
        TriggerType.objects.get_or_create(
            ref=f"core.{name}",
            defaults={
                "pack_ref": "core",
                "name": name,
                "payload_schema": said["payload_schema"],
                "parameters_schema": said["parameters_schema"],
                "aliases": said["aliases"],
            },
        )


def make_timer(type_ref: str = "core.interval", parameters: JsonObject | None = None) -> Timer:
    """One that is listened to; an interval of an hour, unless told otherwise."""
    add_timer_types()
    trigger = listening.trigger_for(type_ref, {"unit": "hours", "delta": 1} if parameters is None else parameters)
    listen(trigger)
    return Timer.objects.select_related("trigger__type").get(trigger=trigger)


def listen(trigger: Trigger, *, is_listened: bool = True) -> None:
    with transaction.atomic():
        listening.set_listened({trigger.pk: is_listened})


def pass_time(timer: Timer, by: timedelta) -> Timer:
    """As if it was made, and what it waits for was planned, so much earlier: to it, the clock has moved on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE triggers_timer SET anchored_at = anchored_at - %(by)s,"
            " next_scheduled_for = next_scheduled_for - %(by)s, next_fire_at = next_fire_at - %(by)s WHERE id = %(id)s",
            {"by": by, "id": timer.pk},
        )
    timer.refresh_from_db()
    return timer
