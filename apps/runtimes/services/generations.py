"""Reads which generations of an environment lie on this host's volume. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.core.refs import safe_name
from apps.runtimes.environments.layout import Generation, Place
from apps.runtimes.environments.volume import known_volume_id
from apps.runtimes.models import Environment


@dataclass(frozen=True)
class KnownGeneration:
    """`size_bytes` and what follows are None for one whose build was never finished."""

    number: int
    hash12: str
    serves: bool
    size_bytes: int | None = None
    version: str | None = None
    package_count: int | None = None
    built_at: datetime | None = None


def known_generations(environment: Environment, *, envs_dir: Path) -> list[KnownGeneration] | None:
    """Newest first. None where they lie on a volume that this host does not see."""
    try:
        if known_volume_id(envs_dir) != environment.volume_id:
            return None
        place = Place(envs_dir / safe_name(environment.pack_ref), environment.runtime)
        linked = place.linked()
        return [_known(item, serves=item == linked) for item in reversed(place.generations())]
    except OSError:
        return None


def _known(generation: Generation, *, serves: bool) -> KnownGeneration:
    found = generation.on_disk()
    if found is None:
        return KnownGeneration(generation.number, generation.hash12, serves)
    known = found.metadata
    return KnownGeneration(
        generation.number,
        generation.hash12,
        serves,
        size_bytes=known.size_bytes,
        version=known.version,
        package_count=len(known.packages),
        built_at=known.updated_at,
    )
