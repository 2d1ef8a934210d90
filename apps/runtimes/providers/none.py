"""The provider of runtimes without environments: actions run on the host's own interpreter."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from apps.runtimes.environments.fingerprint import content_hash, fingerprint, platform_name
from apps.runtimes.environments.metadata import Metadata
from apps.runtimes.environments.request import (
    BuildSettings,
    CommandRunner,
    EnvironmentOnDisk,
    EnvironmentRequest,
    Log,
)
from apps.runtimes.environments.validation import problems_of


class NoneProvider:
    """Builds nothing, keeps nothing, and so has nothing to list or remove."""

    def __init__(self, settings: BuildSettings) -> None:
        self._search_path = settings.environ.get("PATH", os.defpath)

    def ensure_environment(
        self, request: EnvironmentRequest, *, run: CommandRunner, log: Log, rebuild: bool = False
    ) -> EnvironmentOnDisk:
        return self.get_environment(request)

    def get_environment(self, request: EnvironmentRequest) -> EnvironmentOnDisk:
        now = datetime.now(UTC)
        metadata = Metadata(
            pack_ref=request.pack_ref,
            runtime=request.runtime.name,
            provider="none",
            generation=0,
            dependency_hash=fingerprint(request, ()),
            content_hash=content_hash(request, ()),
            dependencies=(),
            packages={},
            executable=request.installation.interpreter,
            interpreter=request.installation.interpreter,
            version=request.installation.version,
            platform=platform_name(),
            size_bytes=0,
            created_at=now,
            updated_at=now,
        )
        return EnvironmentOnDisk(None, metadata)

    def get_executable_path(self, request: EnvironmentRequest) -> Path:
        return Path(request.installation.interpreter)

    def validate_environment(self, request: EnvironmentRequest, *, run: CommandRunner) -> tuple[str, ...]:
        found = self.get_environment(request)
        return problems_of(found, request.runtime, installed={}, run=run, search_path=self._search_path)

    def needs_update(self, request: EnvironmentRequest) -> bool:
        return False

    def remove_environment(self, *, pack_ref: str, runtime: str) -> None:
        pass

    def list_environments(self) -> list[EnvironmentOnDisk]:
        return []

    def cleanup(self, *, keep_recent: int, in_use: Callable[[Path], bool] = lambda _: False) -> list[Path]:
        return []
