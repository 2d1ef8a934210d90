"""Builds an environment where it will be used, and keeps its row in step with the volume."""

import os
from pathlib import Path

from django.conf import settings

from apps.core.database import release_connection
from apps.core.errors import AttuneError
from apps.runtimes.environments.layout import BASE
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import (
    BuildSettings,
    CommandRunner,
    EnvironmentOnDisk,
    EnvironmentRequest,
)
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.models import Environment
from apps.runtimes.services.build_log import BuildLog
from apps.runtimes.services.environments import environment_row, fail_build, finish_build

_INTERRUPTED = "The build was interrupted. Nothing half-built is in use; it is tried again when it is needed."


def build_settings() -> BuildSettings:
    """What the operator has set for builds on this host."""
    return BuildSettings(
        envs_dir=Path(settings.ATTUNE_RUNTIME_ENVS_DIR).absolute(),
        environ=dict(os.environ),
        index_url=settings.ATTUNE_PACKAGE_INDEX_URL,
        timeout_s=settings.ATTUNE_BUILD_TIMEOUT_S,
        max_bytes=settings.ATTUNE_BUILD_MAX_BYTES,
        pass_env=tuple(settings.ATTUNE_PASS_ENV),
    )


def build_environment(
    request: EnvironmentRequest,
    *,
    settings: BuildSettings,
    worker: str,
    run: CommandRunner,
    rebuild: bool = False,
) -> EnvironmentOnDisk:
    """The environment as requested, built if it must be; its row says so before this returns.

    May take as long as `settings.timeout_s`. Raises `BuildFailed`, and then the row holds reason and log.
    """
    provider = provider_named(request.runtime.environment.provider, settings)
    if not request.runtime.has_environments:
        return provider.ensure_environment(request, run=run, log=lambda _: None)
    row = environment_row(
        pack_ref=request.pack_ref if request.needs_environment else BASE,
        runtime=request.runtime.name,
        volume_id=volume_id(settings.envs_dir),
    )
    release_connection()
    log = BuildLog(row.pk, worker=worker)
    try:
        built = provider.ensure_environment(request, run=run, log=log.write, rebuild=rebuild)
    except BaseException as error:
        log.flush()
        fail_build(row.pk, error.detail if isinstance(error, AttuneError) else _INTERRUPTED)
        raise
    log.flush()
    if log.has_begun or not _tells(row, built):
        finish_build(row.pk, built)
    return built


def _tells(row: Environment, built: EnvironmentOnDisk) -> bool:
    """Whether the row already says that this generation serves."""
    serves = built.metadata
    known = (row.dependency_hash, row.generation) == (serves.dependency_hash, serves.generation)
    return known and row.status == Environment.Status.READY
