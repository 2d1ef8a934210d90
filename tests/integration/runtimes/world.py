"""A volume, a wheelhouse and a provider: what the tests of environments stand on."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.environments import lookup
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import BuildSettings, EnvironmentOnDisk, EnvironmentRequest
from tests.integration.runtimes.command_runner import run_command


@dataclass
class World:
    """`environ` is what a worker would have as its own environment."""

    root: Path
    runtime: RuntimeDefinition
    installation: Installation
    environ: dict[str, str]
    log: list[bytes] = field(default_factory=list)
    timeout_s: float = 100.0
    network_pauses_s: tuple[float, ...] = (0.01, 0.02)

    @property
    def envs_dir(self) -> Path:
        return self.root / "runtime_envs"

    @property
    def settings(self) -> BuildSettings:
        return BuildSettings(
            envs_dir=self.envs_dir,
            environ={"PATH": os.environ["PATH"], **self.environ},
            timeout_s=self.timeout_s,
            network_pauses_s=self.network_pauses_s,
        )

    @property
    def provider(self) -> GenerationProvider:
        provider = provider_named(self.runtime.environment.provider, self.settings)
        assert isinstance(provider, GenerationProvider)
        return provider

    def request(self, manifest: str = "", *, pack_ref: str = "acme.web", **fields: Any) -> EnvironmentRequest:
        pack_dir = self.root / "packs" / pack_ref
        pack_dir.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "pack_ref": pack_ref,
            "pack_dir": pack_dir,
            "runtime": self.runtime,
            "installation": self.installation,
            "manifest": manifest.encode() if manifest else None,
            **fields,
        }
        return EnvironmentRequest(**values)

    def ensure(self, request: EnvironmentRequest, *, rebuild: bool = False) -> EnvironmentOnDisk:
        return self.provider.ensure_environment(request, run=run_command, log=self.log.append, rebuild=rebuild)

    def find(self, pack_ref: str = "acme.web", *, needs_environment: bool = True) -> Path | None:
        return lookup.find(
            self.envs_dir, pack_ref=pack_ref, runtime=self.runtime.name, needs_environment=needs_environment
        )

    @property
    def said(self) -> str:
        return b"".join(self.log).decode()

    def generations(self, pack_ref: str = "acme_web") -> list[str]:
        """Names of all folders under `.generations` that are no lock."""
        folders = (self.envs_dir / pack_ref / ".generations").iterdir()
        return sorted(path.name for path in folders if path.is_dir())


def python_says(environment: EnvironmentOnDisk, code: str) -> str:
    """What the environment's interpreter prints."""
    argv = [str(environment.executable), "-I", "-c", code]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def toy_version(environment: EnvironmentOnDisk) -> str:
    return python_says(environment, "import toy; print(toy.VERSION)")
