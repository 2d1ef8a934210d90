"""What operators ask of sensors, and how sensors look to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.permissions import Verb, require
from apps.core import streaming
from apps.core.errors import Conflict, NotFound
from apps.triggers.models import Sensor, SensorInstance
from apps.triggers.sensors.wanted import Served, Wanted, known_packs, served_triggers, wanted_sensors, why_not_wanted

if TYPE_CHECKING:
    from apps.accounts.models import Identity

_NO_HOST = "no process that runs sensors has taken it"


class UnknownSensor(NotFound):
    """There is no such sensor."""

    code = "unknown_sensor"


class SensorNotWanted(Conflict):
    """The sensor is not to run."""

    code = "sensor_not_wanted"


@dataclass(frozen=True)
class Standing:
    """How a sensor stands, also where nobody is left to write it down; `host` runs it, or is about to."""

    state: str
    reason: str
    host: str = ""


@dataclass(frozen=True)
class Demand:
    """What is asked of sensors now: those `wanted` should run, `served` are the triggers of each that is enabled, both
    by its id; `packs` as `known_packs` tells them."""

    wanted: Mapping[int, Wanted]
    served: Mapping[int, Sequence[Served]]
    packs: Mapping[str, bool]


def get_sensor(identity: "Identity", ref: str) -> Sensor:
    """Also one that is removed. Raises `UnknownSensor`."""
    sensor = Sensor.objects.visible_to(identity).select_related("instance").filter(ref=ref).first()
    if sensor is None:
        raise UnknownSensor(f"There is no sensor {ref}.", sensor=ref)
    return sensor


def set_sensor_enabled(identity: "Identity", ref: str, *, enabled: bool) -> Sensor:
    """The operator's word against the file's; whoever runs the sensor obeys within a second or two."""
    sensor = get_sensor(identity, ref)
    require(identity, Verb.SENSOR_MANAGE, on=sensor)
    Sensor.objects.filter(pk=sensor.pk).update(enabled_override=enabled, updated_at=Now())
    streaming.tell("sensor")
    return get_sensor(identity, ref)


def restart_sensor(identity: "Identity", ref: str) -> Sensor:
    """Its process is ended and started again, at once also where it waits after a failure. Raises `SensorNotWanted`."""
    sensor = get_sensor(identity, ref)
    require(identity, Verb.SENSOR_MANAGE, on=sensor)
    demand = demand_now()
    if sensor.pk not in demand.wanted:
        raise SensorNotWanted(f"{ref} does not run: {why_not_wanted(sensor, demand.packs)}.", sensor=ref)
    SensorInstance.objects.filter(sensor=sensor).update(restarts_wanted=F("restarts_wanted") + 1)
    return get_sensor(identity, ref)


def demand_now() -> Demand:
    packs = known_packs()
    sensors = wanted_sensors(packs)
    served = {sensor_id: list(triggers.values()) for sensor_id, triggers in served_triggers(sensors).items()}
    wanted = {item.id: item for item in sensors if served[item.id] or not item.definition.on_demand}
    return Demand(wanted, served, packs)


def standing_of(sensor: Sensor, demand: Demand, *, now: datetime | None = None) -> Standing:
    """What its holder wrote, while there is one. `instance` must be loaded."""
    instance = sensor.instance
    if instance.lease_until is not None and instance.lease_until > (now or timezone.now()):
        return Standing(instance.state, instance.reason, host=instance.holder)
    if sensor.pk not in demand.wanted:
        return Standing(SensorInstance.State.STOPPED.value, why_not_wanted(sensor, demand.packs))
    is_told = instance.state == SensorInstance.State.NO_PLACE
    return Standing(SensorInstance.State.NO_PLACE.value, instance.reason if is_told else _NO_HOST)
