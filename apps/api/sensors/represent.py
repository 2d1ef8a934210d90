"""Sensors as JSON."""

from collections.abc import Sequence

from django.utils import timezone

from apps.core.types import JsonObject
from apps.triggers.models import Sensor
from apps.triggers.sensors.logs import kept_starts
from apps.triggers.sensors.services import standing_of, wanted_now


def represent(sensors: Sequence[Sensor]) -> list[JsonObject]:
    """For lists. `instance` must be loaded."""
    wanted, served = wanted_now()
    return [_short(sensor, is_wanted=sensor.pk in wanted, serves=served.get(sensor.pk, 0)) for sensor in sensors]


def represent_whole(sensor: Sensor) -> JsonObject:
    body = sensor.definition
    names = ("triggers", "runtime", "entry_point", "secrets", "poll_interval_s", "on_demand")
    return {
        **represent([sensor])[0],
        **{name: body[name] for name in names},
        "last_refusal": sensor.instance.last_refusal,
        "stderr": sensor.instance.stderr_tail,
        "logs": kept_starts(sensor.pk),
    }


def _short(sensor: Sensor, *, is_wanted: bool, serves: int) -> JsonObject:
    instance, now = sensor.instance, timezone.now()
    standing = standing_of(sensor, is_wanted=is_wanted, now=now)
    is_held = instance.lease_until is not None and instance.lease_until > now
    return {
        "ref": sensor.ref,
        "pack": sensor.pack_ref,
        "description": sensor.description,
        "enabled": sensor.is_enabled and not sensor.is_removed,
        "state": standing.state,
        "reason": standing.reason,
        "since": instance.state_since,
        "host": instance.holder if is_held else None,
        "starts": instance.starts,
        "failures": instance.failures,
        "started_at": instance.started_at,
        "next_start_at": instance.next_start_at,
        "events": instance.events,
        "refused": instance.refused,
        "last_event_at": instance.last_event_at,
        "serves": serves,
        "updated_at": sensor.updated_at,
        "links": {"logs": f"/api/v1/sensors/{sensor.ref}/logs", "self": f"/api/v1/sensors/{sensor.ref}"},
    }
