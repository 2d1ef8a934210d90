"""The protocol of environment providers, and what a provider that fills a folder has to say."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from apps.runtimes.environments.request import CommandRunner, EnvironmentOnDisk, EnvironmentRequest, Log
from apps.runtimes.environments.workshop import Workshop


class EnvironmentProvider(Protocol):
    """Builds, finds and removes the environments of one kind on one volume. All operations may be called
    from any thread, process and host that shares the volume."""

    def ensure_environment(
        self, request: EnvironmentRequest, *, run: CommandRunner, log: Log, rebuild: bool = False
    ) -> EnvironmentOnDisk:
        """The environment as requested, which serves from now on. Builds only if it must, or if told to
        `rebuild`.

        Raises `BuildFailed` (or `BuildTimedOut`); what served before then goes on serving.
        """
        ...

    def get_environment(self, request: EnvironmentRequest) -> EnvironmentOnDisk | None:
        """What serves now, current or not."""
        ...

    def get_executable_path(self, request: EnvironmentRequest) -> Path | None:
        """The interpreter that runs the pack's actions, None as long as nothing was built."""
        ...

    def validate_environment(self, request: EnvironmentRequest, *, run: CommandRunner) -> tuple[str, ...]:
        """What is broken in what serves now, for people. `ensure_environment(rebuild=True)` repairs."""
        ...

    def needs_update(self, request: EnvironmentRequest) -> bool:
        """Whether something else than what is requested serves now, or nothing."""
        ...

    def remove_environment(self, *, pack_ref: str, runtime: str) -> None:
        """Removes link and generations; one in which something runs goes with a later `cleanup`."""
        ...

    def list_environments(self) -> list[EnvironmentOnDisk]:
        """All that serve on the volume, by pack and runtime."""
        ...

    def cleanup(self, *, keep_recent: int, in_use: Callable[[Path], bool] = ...) -> list[Path]:
        """Removes old generations but the newest `keep_recent` of each environment, the one that serves and
        those in use; tells which. `in_use` adds to what the locks of running actions say."""
        ...


class Recipe(Protocol):
    """How one kind of environment gets into a folder; `generations.GenerationProvider` does all the rest."""

    name: str

    def dependencies(self, request: EnvironmentRequest) -> Iterable[str]:
        """What is asked for, normalised: equal wishes are equal. Raises `BuildFailed` for bad files."""
        ...

    def fill(self, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
        """Builds in place: `folder` exists, holds nothing but the scratch folder, and is never moved."""
        ...

    def packages(self, folder: Path) -> Mapping[str, str]:
        """What is installed in a filled folder, name → version."""
        ...
