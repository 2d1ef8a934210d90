"""Builds one generation, in place, and makes it complete or removes it. The caller holds the place's lock."""

from datetime import UTC, datetime
from pathlib import Path

from apps.runtimes.environments import metadata as metadata_file
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.fingerprint import content_hash, platform_name
from apps.runtimes.environments.layout import Generation, Place, discard
from apps.runtimes.environments.metadata import Metadata
from apps.runtimes.environments.permissions import give_to, open_to_all
from apps.runtimes.environments.provider import Recipe
from apps.runtimes.environments.request import BuildSettings, CommandRunner, EnvironmentRequest, Log
from apps.runtimes.environments.workshop import Workshop
from apps.runtimes.launch import executable_of


def build(
    place: Place,
    dependency_hash: str,
    request: EnvironmentRequest,
    *,
    recipe: Recipe,
    settings: BuildSettings,
    run: CommandRunner,
    log: Log,
) -> Generation:
    """A new generation, complete but not yet serving. Raises `BuildFailed`, and then leaves nothing."""
    folder = place.claim_folder(dependency_hash)
    try:
        folder.mkdir()
        give_to(folder, settings.owner)
        with Workshop(folder, settings=settings, run=run, log=log) as workshop:
            workshop.log.say(f"Building {folder.name} for {request.pack_ref}, {request.runtime.label} {_base(request)}")
            recipe.fill(folder, request, workshop)
        _complete(folder, place, dependency_hash, request, recipe=recipe, max_bytes=settings.max_bytes)
    except OSError as error:
        discard(folder)
        what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        raise BuildFailed(f"The environment could not be built: {what}.") from error
    except BaseException:
        discard(folder)
        raise
    return Generation.in_folder(folder)


def _base(request: EnvironmentRequest) -> str:
    return f"{request.installation.version} ({request.installation.interpreter})"


def _complete(
    folder: Path,
    place: Place,
    dependency_hash: str,
    request: EnvironmentRequest,
    *,
    recipe: Recipe,
    max_bytes: int,
) -> None:
    """All but the switch: readable for whoever runs actions, within its size, and metadata last."""
    size_bytes = open_to_all(folder)
    if size_bytes > max_bytes:
        raise BuildFailed(f"The environment takes {size_bytes} bytes, more than the {max_bytes} it may.")
    served, now = place.linked(), datetime.now(UTC)
    before = served.on_disk() if served else None
    metadata = Metadata(
        pack_ref=request.pack_ref if request.needs_environment else place.folder.name,
        runtime=request.runtime.name,
        provider=recipe.name,
        generation=Generation.in_folder(folder).number,
        dependency_hash=dependency_hash,
        content_hash=content_hash(request, recipe.dependencies(request)),
        dependencies=tuple(recipe.dependencies(request)),
        packages=recipe.packages(folder),
        executable=str(executable_of(request.runtime, installation=request.installation, env_dir=folder)),
        interpreter=request.installation.interpreter,
        version=request.installation.version,
        platform=platform_name(),
        size_bytes=size_bytes,
        created_at=before.metadata.created_at if before else now,
        updated_at=now,
    )
    metadata_file.write(folder, metadata)
