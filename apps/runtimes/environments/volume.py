"""The identity of a volume with environments: hosts that share one share its environments, and their rows."""

import uuid
from pathlib import Path

from apps.runtimes.environments.locks import exclusive

_FILE_NAME = ".volume-id"


def volume_id(envs_dir: Path) -> str:
    """The id written on the volume; the first to ask writes it."""
    file = envs_dir / _FILE_NAME
    if known := _read(file):
        return known
    envs_dir.mkdir(parents=True, exist_ok=True)
    with exclusive(envs_dir / f"{_FILE_NAME}.lock", timeout_s=10):
        if known := _read(file):
            return known
        temporary = envs_dir / f"{_FILE_NAME}.new"
        temporary.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
        temporary.replace(file)
    return _read(file)


def known_volume_id(envs_dir: Path) -> str:
    """The id, empty where nobody asked yet; writes nothing, so that a process may look which builds nothing."""
    return _read(envs_dir / _FILE_NAME)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
