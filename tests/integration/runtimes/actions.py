"""Runs an action through a wrapper as a worker would, with plain pipes."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.runtimes.assignments import shell_assignments
from apps.runtimes.launch import Launch

WRAPPERS = Path(__file__).resolve().parents[3] / "packs/core/runtimes/wrappers"


@dataclass
class Action:
    """One file of a pack in `pack_dir`, and what it gets."""

    pack_dir: Path
    source: str | bytes
    name: str = "act.py"
    parameters: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    stdin: bytes | None = None
    env: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.pack_dir / "actions" / self.name

    def write(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(self.source if isinstance(self.source, bytes) else self.source.encode())

    @property
    def document(self) -> bytes:
        if self.stdin is not None:
            return self.stdin
        return json.dumps({"parameters": self.parameters, "secrets": self.secrets, "context": self.context}).encode()


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    stdout: str
    stderr: str
    result: Any
    """What came over the result descriptor; `NOTHING` if nothing did."""
    error: Any


NOTHING = object()


def run_python(action: Action, *arguments: str, python: str) -> Outcome:
    action.write()
    return _run([python, str(WRAPPERS / "python.py"), str(action.file), *arguments], action)


def run_shell(action: Action, *, bash: str = "/bin/bash") -> Outcome:
    action.write()
    return _run(
        [bash, str(action.file)],
        action,
        side_input=shell_assignments(action.parameters, action.secrets),
        env={"BASH_ENV": str(WRAPPERS / "shell.sh")},
    )


def run_launched(action: Action, launch: Launch) -> Outcome:
    """As the runtime's file says it."""
    action.write()
    return _run(list(launch.argv), action, env=launch.env)


def _run(
    argv: list[str], action: Action, *, side_input: bytes | None = None, env: Mapping[str, str] | None = None
) -> Outcome:
    # Files take the place of the runner's pipes, so that nobody has to pump while the action runs.
    with (
        tempfile.TemporaryFile() as result,
        tempfile.TemporaryFile() as error,
        tempfile.TemporaryFile() as side,
    ):
        descriptors = {"ATTUNE_RESULT_FD": result.fileno(), "ATTUNE_ERROR_FD": error.fileno()}
        if side_input is not None:
            side.write(side_input)
            side.seek(0)
            descriptors["ATTUNE_ASSIGNMENTS_FD"] = side.fileno()
        numbers = {name: str(number) for name, number in descriptors.items()}
        base = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "ATTUNE_PACK_DIR": str(action.pack_dir),
        }
        done = subprocess.run(
            argv,
            input=action.document,
            capture_output=True,
            env={**base, **(env or {}), **action.env, **numbers},
            pass_fds=tuple(descriptors.values()),
            cwd=os.fspath(action.pack_dir),
            check=False,
            timeout=60,
        )
        return Outcome(
            done.returncode,
            done.stdout.decode(),
            done.stderr.decode(),
            _json_in(result),
            _json_in(error),
        )


def _json_in(file: Any) -> Any:
    file.seek(0)
    data = file.read()
    return json.loads(data) if data else NOTHING
