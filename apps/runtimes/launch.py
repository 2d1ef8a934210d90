"""What is started for an action or a sensor: the runtime's templates with everything put in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.templates import names_in, render


@dataclass(frozen=True, kw_only=True)
class Launch:
    """`env` wins over the action's own variables; `path` goes in front of PATH."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    path: tuple[str, ...]
    server: tuple[str, str, str] | None = None
    """What could start it warm: interpreter, server, wrapper."""


def launch_of(
    definition: RuntimeDefinition,
    *,
    installation: Installation,
    runtime_dir: Path,
    pack_dir: Path,
    entry_point: Path,
    function: str | None = None,
    env_dir: Path | None = None,
) -> Launch:
    """`runtime_dir` is the folder of the pack that brought the runtime, `env_dir` what
    `environments.lookup.find` gave (None only for runtimes without environments). All paths are absolute."""
    values = {
        "interpreter": str(executable_of(definition, installation=installation, env_dir=env_dir)),
        "version": installation.version,
        "pack_dir": str(pack_dir),
        "env_dir": str(env_dir or ""),
        "wrapper": str(runtime_dir / "runtimes" / (definition.wrapper or "")),
        "entry_point": str(entry_point),
        "function": function or "",
    }
    server = None
    if definition.server:
        server = (values["interpreter"], str(runtime_dir / "runtimes" / definition.server), values["wrapper"])
    return Launch(
        argv=tuple(render(item, values) for item in definition.command),
        env={name: render(item, values) for name, item in definition.env.items()},
        path=tuple(render(item, values) for item in definition.environment.path),
        server=server,
    )


def bare_launch_of(
    definition: RuntimeDefinition,
    *,
    installation: Installation,
    pack_dir: Path,
    entry_point: Path,
    env_dir: Path | None = None,
) -> Launch:
    """For a program that goes on: without the wrapper, which would wait for the end of its input, and without
    whatever else asks for the wrapper or a function."""
    values = {
        "interpreter": str(executable_of(definition, installation=installation, env_dir=env_dir)),
        "version": installation.version,
        "pack_dir": str(pack_dir),
        "env_dir": str(env_dir or ""),
        "entry_point": str(entry_point),
    }
    env = {**definition.env, **definition.sensor_env}
    return Launch(
        argv=tuple(render(item, values) for item in definition.command if _is_bare(item)),
        env={name: render(item, values) for name, item in env.items() if _is_bare(item)},
        path=tuple(render(item, values) for item in definition.environment.path),
    )


def _is_bare(template: str) -> bool:
    return not {"wrapper", "function"} & set(names_in(template))


def executable_of(definition: RuntimeDefinition, *, installation: Installation, env_dir: Path | None) -> Path:
    """The interpreter that runs actions: the environment's own, or else the base one."""
    values = {
        "interpreter": installation.interpreter,
        "version": installation.version,
        "env_dir": str(env_dir or ""),
    }
    return Path(render(definition.environment.executable, values))
