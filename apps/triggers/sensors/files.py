"""The content kind `sensors/`: reads `sensors/<name>.yaml` and makes it the sensor that serves."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.actions.entry_points import runtimes_of
from apps.actions.files import env_mistakes
from apps.core import refs
from apps.core.errors import Conflict
from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile
from apps.runtimes.definition import RuntimeDefinition
from apps.triggers.models import Sensor, SensorInstance
from apps.triggers.sensors.definition import HINTS, SCHEMA, SensorDefinition

if TYPE_CHECKING:
    from apps.packs.models import PackVersion

Mistake = tuple[Sequence[str | int], str, str]


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
        runtime = _runtime_of(body, context)
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
    base = (context.folder / "sensors").resolve()
    if not (base / body["entry_point"]).resolve().is_relative_to(base):
        yield ["entry_point"], f"{body['entry_point']} leaves the folder sensors/", "put the file into sensors/"
    elif not context.has_file(f"sensors/{body['entry_point']}"):
        yield ["entry_point"], f"sensors/{body['entry_point']} is not in the pack", "relative to the folder sensors/"
    if _runtime_of(body, context) is None:
        known = ", ".join(sorted(item.name for item in runtimes_of(context)))
        if "runtime" in body:
            yield ["runtime"], f"there is no runtime {body['runtime']}", f"one of: {known}"
        else:
            yield [], f"no runtime fits {body['entry_point']} by its ending", f"write `runtime:`, one of: {known}"
    if body.get("acknowledge") and "poll_interval_s" in body:
        yield ["acknowledge"], "a program that runs once reads its input to the end", "leave one of them out"
    if "poll_timeout_s" in body and "poll_interval_s" not in body:
        yield ["poll_timeout_s"], "a program that goes on has no time limit", "leave it out, or add poll_interval_s"
    yield from env_mistakes(body, by="a sensor")


def _runtime_of(body: JsonObject, context: ReadContext) -> RuntimeDefinition | None:
    if wanted := body.get("runtime"):
        found = (item for item in runtimes_of(context) if wanted == item.name or wanted in item.aliases)
    else:
        found = (item for item in runtimes_of(context) if body["entry_point"].endswith(item.extensions))
    return next(found, None)
