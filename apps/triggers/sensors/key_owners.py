"""Sensors as owners of keys (`sensor:<ref>:name`)."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from apps.actions.services.key_owners import OwnerKind
from apps.keys.owners import Owner, sensor_owner
from apps.packs.models import Pack
from apps.triggers.models import Sensor
from apps.triggers.sensors.services import UnknownSensor, get_sensor

if TYPE_CHECKING:
    from apps.accounts.models import Identity


def _find(identity: "Identity", ref: str) -> Owner:
    sensor = get_sensor(identity, ref)
    found = list(_living([sensor.ref]))
    if not found:
        raise UnknownSensor(f"There is no sensor {ref}.", sensor=ref)
    return found[0]


def _living(refs: Collection[str]) -> Iterable[Owner]:
    rows = Sensor.objects.in_force().filter(ref__in=refs).values_list("ref", "pack_ref")
    packs = dict(Pack.objects.installed().filter(ref__in=[pack for _, pack in rows]).values_list("ref", "uuid"))
    return [sensor_owner(ref, packs[pack], pack=pack) for ref, pack in rows if pack in packs]


SENSORS = OwnerKind(_find, _living)
