"""Environments that a runtime file describes itself: the commands `create`, and `install` for a pack that has a
manifest."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.environments.workshop import CommandFailed, Workshop
from apps.runtimes.providers.programs import found_on
from apps.runtimes.templates import names_in, render


class CommandRecipe:
    """The commands run in the new environment; what they leave there is the environment."""

    name = "command"

    def dependencies(self, request: EnvironmentRequest) -> list[str]:
        """What a manifest means is the commands' business, so its whole content counts, and the pack's folder where
        `install` looks at more of it."""
        if not _is_asked(request):
            return []
        environment = request.runtime.environment
        content = hashlib.sha256(request.manifest or b"").hexdigest()
        looks_around = any("pack_dir" in names_in(item) for item in environment.install)
        return [
            f"{environment.manifest} sha256:{content[:16]}",
            *([f"in {request.pack_dir}"] if looks_around else []),
        ]

    def fill(self, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
        environment = request.runtime.environment
        values = _values(folder, request, workshop)
        _run(environment.create, values, folder, request, workshop)
        if _is_asked(request):
            _run(environment.install, values, folder, request, workshop)

    def packages(self, folder: Path) -> dict[str, str]:
        """Nothing is known of them; the runtime's `validate` looks whether they work."""
        return {}


def _is_asked(request: EnvironmentRequest) -> bool:
    """Whether there is something to install; a pack may have an environment of its own for its interpreter alone."""
    return request.manifest is not None or request.lock is not None


def _values(folder: Path, request: EnvironmentRequest, workshop: Workshop) -> dict[str, str]:
    workshop.log.mask([workshop.settings.index_url])
    return {
        "pack_dir": str(request.pack_dir),
        "env_dir": str(folder),
        "interpreter": request.installation.interpreter,
        "version": request.installation.version,
        "manifest": str(request.pack_dir / (request.runtime.environment.manifest or "")),
        "cache_dir": str(workshop.cache_for(request.runtime.name)),
        "index_url": workshop.settings.index_url,
    }


def _run(
    templates: Sequence[str],
    values: Mapping[str, str],
    folder: Path,
    request: EnvironmentRequest,
    workshop: Workshop,
) -> None:
    if not templates:
        return
    path = [render(item, values) for item in request.runtime.environment.path]
    search_path = os.pathsep.join([*path, workshop.env.get("PATH", os.defpath)])
    program, *arguments = (render(item, values) for item in templates)
    argv = [program if program.startswith("/") else found_on(search_path, program), *arguments]
    try:
        workshop.download(argv, cwd=folder, env={"PATH": search_path})
    except CommandFailed as error:
        raise BuildFailed(f"{error.detail}\n{error.reason}") from error
