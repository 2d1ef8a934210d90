"""Writes the rows of environments: what is wanted, and what came of it.

The volume is the truth about what serves, so no row is ever waited for: who builds holds the lock on the
volume and writes over what a builder before it left.
"""

from django.db.models.functions import Now

from apps.runtimes.environments.request import EnvironmentOnDisk
from apps.runtimes.models import Environment

Status = Environment.Status

#: What is kept of a failure; installers quote long lists of versions.
_MAX_ERROR_CHARS = 16 * 1024


def request_environment(*, pack_ref: str, runtime: str, volume_id: str) -> Environment:
    """Notes that a build is wanted; one that is under way stays so. The caller then hints a worker."""
    environment = environment_row(pack_ref=pack_ref, runtime=runtime, volume_id=volume_id)
    waiting = Environment.objects.filter(pk=environment.pk).exclude(status=Status.BUILDING)
    waiting.update(status=Status.PENDING, requested_at=Now(), updated_at=Now())
    environment.refresh_from_db()
    return environment


def environment_row(*, pack_ref: str, runtime: str, volume_id: str) -> Environment:
    """The row of this environment, made if there is none."""
    row, _ = Environment.objects.get_or_create(pack_ref=pack_ref, runtime=runtime, volume_id=volume_id)
    return row


def begin_build(environment_id: int, *, worker: str) -> None:
    """The log of the build before makes room for the new one's."""
    Environment.objects.filter(pk=environment_id).update(
        status=Status.BUILDING, built_by=worker, log="", error="", started_at=Now(), updated_at=Now()
    )


def finish_build(environment_id: int, built: EnvironmentOnDisk) -> None:
    """This generation serves now."""
    known = built.metadata
    Environment.objects.filter(pk=environment_id).update(
        status=Status.READY,
        error="",
        dependency_hash=known.dependency_hash,
        generation=known.generation,
        dependencies=list(known.dependencies),
        packages=dict(known.packages),
        interpreter=known.interpreter,
        version=known.version,
        executable=known.executable,
        size_bytes=known.size_bytes,
        problems=[],
        validated_at=None,
        installed_at=known.updated_at,
        updated_at=Now(),
    )


def fail_build(environment_id: int, reason: str) -> None:
    """What served before goes on serving, so only status and error change."""
    text = reason.replace("\0", "")[:_MAX_ERROR_CHARS]
    Environment.objects.filter(pk=environment_id).update(status=Status.FAILED, error=text, updated_at=Now())


def mark_outdated(*, pack_ref: str, runtime: str, volume_id: str) -> bool:
    """Something else is wanted than what serves; it goes on serving until that is built. Whether this is news."""
    ready = Environment.objects.filter(pack_ref=pack_ref, runtime=runtime, volume_id=volume_id, status=Status.READY)
    return ready.update(status=Status.OUTDATED, updated_at=Now()) > 0


def release_builds(worker: str) -> int:
    """The builds of a worker that died wait again; tells how many. Their leftovers go with the next build."""
    building = Environment.objects.filter(built_by=worker, status=Status.BUILDING)
    return building.update(status=Status.PENDING, updated_at=Now())
