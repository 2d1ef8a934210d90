"""Sensors as JSON."""

from collections.abc import Sequence

from apps.core.types import JsonObject
from apps.triggers.models import Sensor
from apps.triggers.sensors.definition import SensorDefinition
from apps.triggers.sensors.logs import kept_starts
from apps.triggers.sensors.services import Demand, demand_now, standing_of


def represent(sensors: Sequence[Sensor]) -> list[JsonObject]:
    """For lists. `instance` must be loaded."""
    demand = demand_now()
    return [_short(sensor, demand) for sensor in sensors]


def represent_whole(sensor: Sensor) -> JsonObject:
    definition = SensorDefinition.from_json(sensor.definition)
    names = ("triggers", "runtime", "entry_point", "secrets", "poll_interval_s", "poll_timeout_s", "on_demand")
    return {
        **represent([sensor])[0],
        **{name: getattr(definition, name) for name in names},
        "last_refusal": sensor.instance.last_refusal,
        "stderr": sensor.instance.stderr_tail,
        "logs": kept_starts(sensor.pk),
    }


def _short(sensor: Sensor, demand: Demand) -> JsonObject:
    instance, standing = sensor.instance, standing_of(sensor, demand)
    return {
        "ref": sensor.ref,
        "pack": sensor.pack_ref,
        "description": sensor.description,
        "enabled": sensor.is_enabled and not sensor.is_removed,
        "state": standing.state,
        "reason": standing.reason,
        "since": instance.state_since,
        "host": standing.host or None,
        "starts": instance.starts,
        "failures": instance.failures,
        "started_at": instance.started_at,
        "next_start_at": instance.next_start_at,
        "events": instance.events,
        "refused": instance.refused,
        "last_event_at": instance.last_event_at,
        "serves": len(demand.served.get(sensor.pk, ())),
        "updated_at": sensor.updated_at,
        "links": {"logs": f"/api/v1/sensors/{sensor.ref}/logs", "self": f"/api/v1/sensors/{sensor.ref}"},
    }
