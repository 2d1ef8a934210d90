"""Python environments: virtualenv makes an empty one; `python_packages` fills it."""

import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.environments.workshop import CommandFailed, Workshop
from apps.runtimes.providers.python_packages import PackageInstaller
from apps.runtimes.providers.requirements import requirements_of


class VirtualenvRecipe:
    """An environment holds what the pack asks for, and pip only if pip had to install it."""

    name = "virtualenv"

    def dependencies(self, request: EnvironmentRequest) -> list[str]:
        return requirements_of(request).normalised(request.pack_dir)

    def fill(self, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
        requirements, interpreter = requirements_of(request), request.installation.interpreter
        try:
            _virtualenv(folder, interpreter, workshop, seed=("--no-seed",))
        except CommandFailed as error:
            raise BuildFailed(f"{interpreter} makes no virtual environment.\n{error.reason}") from error
        if requirements.lines:
            installer = PackageInstaller(
                folder / "bin" / "python",
                pack_dir=request.pack_dir,
                workshop=workshop,
                seed_pip=lambda: _virtualenv(folder, interpreter, workshop, seed=("--pip", "embed", "--no-setuptools")),
            )
            installer.install(requirements)

    def packages(self, folder: Path) -> dict[str, str]:
        places = [str(path) for path in folder.glob("lib/*/site-packages")]
        found = {item.name: item.version for item in distributions(path=places) if item.name}
        return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _virtualenv(folder: Path, interpreter: str, workshop: Workshop, *, seed: Sequence[str]) -> None:
    """Makes `folder` a virtual environment of the base `interpreter`, or adds the `seed` to one."""
    argv = [
        *(sys.executable, "-I", "-m", "virtualenv", "--quiet", "--python", interpreter),
        *(*seed, "--no-download", "--no-periodic-update"),
        *("--activators", "", "--no-vcs-ignore", "--no-venv-redirect"),
        *("--app-data", str(workshop.cache_dir / "virtualenv"), str(folder)),
    ]
    workshop.command(argv, cwd=folder)
