"""The content kind `sensors/`: reads `sensors/<name>.yaml` and makes it the sensor that serves."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.actions.entry_points import Mistake, program_mistakes, runtime_for
from apps.actions.files import env_mistakes
from apps.core import refs
from apps.core.errors import Conflict
from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile
from apps.triggers.models import Sensor, SensorInstance
from apps.triggers.sensors.definition import HINTS, SCHEMA, SensorDefinition

if TYPE_CHECKING:
    from apps.packs.models import PackVersion


class SensorTaken(Conflict):
    """A sensor of another pack has this ref."""

    code = "sensor_taken"


class SensorFiles:
    folder = "sensors"

    def read(self, file: PackFile, context: ReadContext) -> SensorDefinition | None:
        body = file.read(SCHEMA, context.errors, hints=HINTS)
        if body is None or not file.can_be_kept(body, context.errors):
            return None
        mistakes = list(_mistakes(body, context))
        for path, detail, hint in mistakes:
            file.add(context.errors, path, detail, hint)
        runtime = runtime_for(body["entry_point"], body.get("runtime"), context, folder="sensors")
        if mistakes or runtime is None:
            return None
        wanted = context.manifest.range_for(runtime)
        return SensorDefinition.from_json({**body, "runtime": runtime.name, "runtime_version": wanted})

    def write(self, version: "PackVersion", items: Sequence[SensorDefinition]) -> None:
        """Operators' switches stay as they are. Raises `SensorTaken`."""
        pack_ref = version.pack.ref
        wanted = {refs.join(pack_ref, item.name): item for item in items}
        if taken := Sensor.objects.filter(ref__in=wanted).exclude(pack_ref=pack_ref).first():
            raise SensorTaken(f"The pack {taken.pack_ref} has a sensor {taken.ref} already.")
        Sensor.objects.filter(pack_ref=pack_ref).exclude(ref__in=wanted).update(is_removed=True, updated_at=Now())
        for ref, item in wanted.items():
            values = {**_columns(item), "pack_ref": pack_ref, "pack_digest": version.digest, "updated_at": Now()}
            sensor, _ = Sensor.objects.update_or_create(ref=ref, defaults=values)
            SensorInstance.objects.get_or_create(sensor=sensor)


def _columns(item: SensorDefinition) -> JsonObject:
    return {
        "name": item.name,
        "description": item.description,
        "definition": item.as_json(),
        "is_enabled_by_pack": item.enabled,
        "is_removed": False,
    }


def _mistakes(body: JsonObject, context: ReadContext) -> Iterator[Mistake]:
    if any(other.name == body["name"] for other in context.content.get("sensors", ())):
        yield ["name"], f"the name {body['name']} is taken by another file of this pack", "names are unique in a pack"
    yield from program_mistakes(body["entry_point"], body.get("runtime"), context, folder="sensors")
    if body.get("acknowledge") and "poll_interval_s" in body:
        yield ["acknowledge"], "a program that runs once reads its input to the end", "leave one of them out"
    if "poll_timeout_s" in body and "poll_interval_s" not in body:
        yield ["poll_timeout_s"], "a program that goes on has no time limit", "leave it out, or add poll_interval_s"
    yield from env_mistakes(body, by="a sensor")
