"""Environments as JSON."""

from apps.core.types import JsonObject
from apps.runtimes.models import Environment


def represent(row: Environment) -> JsonObject:
    return {
        "pack": row.pack_ref,
        "runtime": row.runtime,
        "volume": row.volume_id,
        "status": row.status,
        "generation": row.generation,
        "dependencies": row.dependencies,
        "packages": row.packages,
        "version": row.version,
        "interpreter": row.interpreter,
        "executable": row.executable or None,
        "dependency_hash": row.dependency_hash,
        "size_bytes": row.size_bytes,
        "disk_bytes": row.disk_bytes,
        "needs_update": row.needs_update,
        "problems": row.problems,
        "validated_at": row.validated_at,
        "error": row.error or None,
        "built_by": row.built_by or None,
        "installed_at": row.installed_at,
        "updated_at": row.updated_at,
    }
