"""The values around a build: what is asked for, with which settings, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from apps.runner.spec import RunAs
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.environments.metadata import Metadata

#: Receives pieces of a build's output, as they come.
Log = Callable[[bytes], None]


class CommandTimedOut(Exception):
    """The command ran longer than it may, and was killed with everything it had started."""


class CommandRunner(Protocol):
    """Runs the commands of a build; the worker's goes through its warden, so nothing outlives it."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float,
        output: Callable[[bytes], None],
    ) -> int:
        """The exit code, or minus the signal; stdout and stderr go to `output`, stdin is empty.

        `argv[0]` is an absolute path and `env` the whole environment. Raises `CommandTimedOut`, and OSError
        where the program cannot be started.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class EnvironmentRequest:
    """The environment of one pack and runtime, as it should be. `manifest` and `lock` are the contents of
    the files the runtime names; `dependencies` are further ones, line by line, from `pack.yaml`."""

    pack_ref: str
    pack_dir: Path
    runtime: RuntimeDefinition
    installation: Installation
    dependencies: tuple[str, ...] = ()
    manifest: bytes | None = None
    lock: bytes | None = None
    asks_for_version: bool = False
    """The pack chose the interpreter, which then is not that of the base environment."""

    @property
    def needs_environment(self) -> bool:
        """Whether the pack asks for anything; if not, the base environment is enough."""
        if self.asks_for_version:
            return True
        lines = (line.strip() for text in (self.manifest, self.lock) if text for line in text.splitlines())
        return bool(self.dependencies) or any(line and not line.startswith(b"#") for line in lines)


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """`environ` is the worker's own environment: builds get a harmless part, pip's settings are read."""

    envs_dir: Path
    environ: Mapping[str, str] = field(repr=False)
    index_url: str = field(default="", repr=False)
    timeout_s: float = 1800.0
    max_bytes: int = 8 * 1024**3
    pass_env: tuple[str, ...] = ()
    network_pauses_s: tuple[float, ...] = (1.0, 4.0)
    """What an installer may need the network for is tried once more after each of these pauses."""
    owner: RunAs | None = None
    """The user builds run as; what they have built belongs to the worker afterwards."""

    def __post_init__(self) -> None:
        if not self.envs_dir.is_absolute():
            raise ValueError(f"the folder of the environments must be absolute, not {self.envs_dir}")

    @property
    def cache_dir(self) -> Path:
        return self.envs_dir / ".cache"


@dataclass(frozen=True)
class EnvironmentOnDisk:
    """A complete generation. `folder` is None for a runtime that needs no environment."""

    folder: Path | None
    metadata: Metadata

    @property
    def executable(self) -> Path:
        return Path(self.metadata.executable)
