"""How much disk the environments take, as their builders measured it."""

from dataclasses import dataclass
from pathlib import Path

from django.db.models import Count, QuerySet, Sum

from apps.core.refs import safe_name
from apps.runtimes.environments.layout import Place
from apps.runtimes.environments.volume import known_volume_id
from apps.runtimes.models import Environment


@dataclass(frozen=True)
class VolumeUsage:
    """`disk_bytes` of all generations; what the caches of installers take is not counted."""

    volume: str
    environments: int
    disk_bytes: int


def usage_by_volume(environments: QuerySet[Environment]) -> list[VolumeUsage]:
    """The volume that takes most comes first."""
    rows = environments.order_by().values("volume_id").annotate(count=Count("pk"), total=Sum("disk_bytes"))
    found = [VolumeUsage(row["volume_id"], row["count"], row["total"]) for row in rows]
    return sorted(found, key=lambda item: (-item.disk_bytes, item.volume))


def note_disk_usage(envs_dir: Path) -> None:
    """Tells the rows of this host's volume what their generations take. Reads metadata only, some files each."""
    for row in Environment.objects.filter(volume_id=known_volume_id(envs_dir)).only(
        "pack_ref", "runtime", "disk_bytes"
    ):
        place = Place(envs_dir / safe_name(row.pack_ref), row.runtime)
        built = (generation.on_disk() for generation in place.generations())
        taken = sum(found.metadata.size_bytes for found in built if found)
        if taken != row.disk_bytes:
            Environment.objects.filter(pk=row.pk).update(disk_bytes=taken)
