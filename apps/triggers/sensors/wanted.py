"""Which sensors should run, and which triggers each of them serves, as the database has it now."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.core.types import JsonObject
from apps.packs.models import Pack, PackConfig
from apps.triggers.models import Sensor, Trigger
from apps.triggers.sensors.definition import SensorDefinition

#: Why one that is there does not run.
DISABLED = "it is disabled"
NOBODY_LISTENS = "no rule listens to its triggers"
PACK_DISABLED = "its pack is disabled"
REMOVED = "it is no longer in its pack"


@dataclass(frozen=True)
class Wanted:
    """A sensor that should run somewhere. When `revision` changes, its process is started anew."""

    id: int
    ref: str
    pack_ref: str
    pack_digest: str
    definition: SensorDefinition = field(hash=False)
    revision: tuple[str, ...] = ()


@dataclass(frozen=True)
class Served:
    """A trigger somebody listens to, as a sensor is told of it."""

    trigger: str
    parameters: JsonObject = field(hash=False)

    def as_json(self) -> JsonObject:
        return {"trigger": self.trigger, "parameters": self.parameters}


def known_packs() -> dict[str, bool]:
    """By ref, whether each is enabled."""
    return dict(Pack.objects.values_list("ref", "is_enabled"))


def wanted_sensors(packs: Mapping[str, bool]) -> list[Wanted]:
    """Those of `packs` that are enabled."""
    enabled = [ref for ref, is_enabled in packs.items() if is_enabled]
    configured = dict(PackConfig.objects.values_list("pack__ref", "updated_at"))
    rows = Sensor.objects.in_force().select_related("instance").filter(pack_ref__in=enabled)
    return [_wanted(row, str(configured.get(row.pack_ref, ""))) for row in rows if row.is_enabled]


def why_not_wanted(sensor: Sensor, packs: Mapping[str, bool]) -> str:
    """Of one that does not run by the wish of its operators. `packs` as for `wanted_sensors`."""
    if sensor.is_removed or sensor.pack_ref not in packs:
        return REMOVED
    if not sensor.is_enabled:
        return DISABLED
    return NOBODY_LISTENS if packs[sensor.pack_ref] else PACK_DISABLED


def served_triggers(sensors: Iterable[Wanted]) -> Mapping[int, dict[int, Served]]:
    """`{sensor: {trigger: what it is told}}` of triggers of its types that somebody listens to."""
    by_type: dict[str, list[int]] = defaultdict(list)
    found: dict[int, dict[int, Served]] = {}
    for sensor in sensors:
        found[sensor.id] = {}
        for type_ref in sensor.definition.triggers:
            by_type[type_ref].append(sensor.id)
    rows = Trigger.objects.filter(is_listened=True, type__ref__in=by_type).values_list("pk", "type__ref", "parameters")
    for trigger_id, type_ref, parameters in rows:
        for sensor_id in by_type[type_ref]:
            found[sensor_id][trigger_id] = Served(type_ref, parameters)
    return found


def changes(before: Mapping[int, Served], after: Mapping[int, Served]) -> Iterator[tuple[int, dict[str, Any]]]:
    """By trigger, as lines for a sensor's stdin."""
    for trigger_id, served in before.items():
        if trigger_id not in after:
            yield trigger_id, {"type": "trigger_removed", **served.as_json()}
    for trigger_id, served in after.items():
        if trigger_id not in before:
            yield trigger_id, {"type": "trigger_added", **served.as_json()}
        elif served != before[trigger_id]:
            yield trigger_id, {"type": "trigger_updated", **served.as_json()}


def _wanted(row: Sensor, configured_at: str) -> Wanted:
    restarts = str(row.instance.restarts_wanted)
    return Wanted(
        id=row.pk,
        ref=row.ref,
        pack_ref=row.pack_ref,
        pack_digest=row.pack_digest,
        definition=SensorDefinition.from_json(row.definition),
        revision=(row.pack_digest, restarts, configured_at),
    )
