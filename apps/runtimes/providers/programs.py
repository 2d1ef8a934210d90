"""Finds an interpreter's own installer: that of another version would build for that other version."""

import os
import shutil
from pathlib import Path

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.workshop import Workshop


def program_of(interpreter: str, name: str, *, workshop: Workshop) -> str:
    """The program `name` beside the interpreter, else on PATH. Raises `BuildFailed` where there is none."""
    beside = Path(interpreter).parent / name
    if os.access(beside, os.X_OK):
        return str(beside)
    return found_on(workshop.env.get("PATH", os.defpath), name)


def found_on(search_path: str, name: str) -> str:
    """Where a program is. Raises `BuildFailed`."""
    found = shutil.which(name, path=search_path)
    if found is None:
        raise BuildFailed(f"{name} builds these environments, and it is not installed on this worker.")
    return os.path.abspath(found)  # noqa: PTH100 - a link stays what it is called: some programs look at that


def first_on_path(folder: str, *, workshop: Workshop) -> dict[str, str]:
    """The variable that makes scripts with `env node` in their first line find this folder's node."""
    return {"PATH": os.pathsep.join([folder, workshop.env.get("PATH", os.defpath)])}
