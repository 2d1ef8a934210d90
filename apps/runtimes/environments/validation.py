"""Looks whether an environment still is what was built: hands, package managers and full disks spoil some."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.environments.request import CommandRunner, CommandTimedOut, EnvironmentOnDisk
from apps.runtimes.templates import render

#: Time limit of a runtime's `validate` command.
_TIMEOUT_S = 60.0


def problems_of(
    environment: EnvironmentOnDisk,
    runtime: RuntimeDefinition,
    *,
    installed: Mapping[str, str],
    run: CommandRunner,
    search_path: str,
) -> tuple[str, ...]:
    """What is wrong, for people; nothing if all is well. `installed` is what the folder holds now."""
    executable = environment.executable
    if not os.access(executable, os.X_OK):
        return (f"{executable} is missing or cannot be executed",)
    problems = [*_package_problems(environment.metadata.packages, installed)]
    if runtime.validate:
        problems += _command_problems(environment, runtime, run=run, search_path=search_path)
    return tuple(problems)


def _package_problems(built: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(built.keys() | installed.keys()):
        if built.get(name) != installed.get(name):
            yield f"{name}: {built.get(name, 'nothing')} was built, {installed.get(name, 'nothing')} is there"


def _command_problems(
    environment: EnvironmentOnDisk, runtime: RuntimeDefinition, *, run: CommandRunner, search_path: str
) -> Iterator[str]:
    values = {"interpreter": str(environment.executable), "version": environment.metadata.version}
    argv = [render(item, values) for item in runtime.validate]
    said: list[bytes] = []
    try:
        exit_code = run(
            argv,
            env={"PATH": search_path, "HOME": "/nonexistent", "LANG": "C.UTF-8"},
            cwd=Path("/"),
            timeout_s=_TIMEOUT_S,
            output=said.append,
        )
    except CommandTimedOut:
        yield f"its check did not end within {_TIMEOUT_S:g} s"
    except OSError as error:
        yield f"its check cannot be started: {error.strerror}"
    else:
        if exit_code:
            last = b"".join(said).decode("utf-8", "replace").strip().rpartition("\n")[2]
            yield f"its check failed: {last or f'exit code {exit_code}'}"
