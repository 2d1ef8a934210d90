"""Sensors of a pack `acme`, without files: what the tables say of them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.packs.models import Pack
from apps.triggers.models import Sensor, SensorInstance, TriggerType
from apps.triggers.sensors.definition import SensorDefinition


def make_sensor(name: str = "disks", *, held: bool = True, **columns: Any) -> Sensor:
    """One that runs on the host `vm-1`, unless `columns` of its instance or `held` say otherwise. It tells
    `acme.disk_full`."""
    more = {word: columns.pop(word) for word in ("on_demand", "poll_interval_s") if word in columns}
    Pack.objects.get_or_create(ref="acme", defaults={"safe_name": "acme", "label": "Acme"})
    TriggerType.objects.get_or_create(ref="acme.disk_full", defaults={"pack_ref": "acme", "name": "disk_full"})
    definition = SensorDefinition(
        name=name, runtime="shell", entry_point="a.sh", triggers=("acme.disk_full",), **more
    ).as_json()
    sensor = Sensor.objects.create(
        ref=f"acme.{name}", name=name, pack_ref="acme", pack_digest="0" * 64, definition=definition
    )
    until = timezone.now() + timedelta(seconds=20) if held else None
    defaults = {"state": "running", "holder": "vm-1" if held else "", "lease_until": until}
    SensorInstance.objects.create(sensor=sensor, **{**defaults, **columns})
    return sensor
