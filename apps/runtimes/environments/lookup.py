"""The hot path: which environment an action starts in. One readlink and one stat; no database, no lock."""

import os
from pathlib import Path

from apps.runtimes.detect import Installation
from apps.runtimes.environments import layout, metadata
from apps.runtimes.environments.fingerprint import platform_name


def find(envs_dir: Path, *, pack_ref: str, runtime: str, needs_environment: bool) -> Path | None:
    """The folder of the generation that serves, None if nothing was built. Use it under `locks.hold`.

    The link is resolved here, once: an action that starts in a generation stays there when the link is
    switched.
    """
    place = layout.place_of(envs_dir, pack_ref=pack_ref, runtime=runtime, needs_environment=needs_environment)
    try:
        folder = f"{place.folder}/{place.link.readlink()}"
        os.stat(f"{folder}/{metadata.FILE_NAME}")  # noqa: PTH116 - counts in microseconds
    except OSError:
        return None
    return Path(folder)


def is_current(folder: Path, dependency_hash: str) -> bool:
    """Whether the generation is what a request's `fingerprint` asks for. Its name tells."""
    return layout.Generation.in_folder(folder).hash12 == dependency_hash[:12]


def serves_meanwhile(folder: Path, installation: Installation, content_hash: str) -> bool:
    """Whether a generation that is not current may serve until the current one is built: it holds the same, its
    interpreter still works, and is this one before it was upgraded, or elsewhere."""
    known = metadata.read(folder)
    if known is None or (known.content_hash, known.platform) != (content_hash, platform_name()):
        return False
    if not os.access(known.executable, os.X_OK):
        return False
    # Packages are built for a minor version: those of 3.11 are not even looked for by 3.12.
    if known.version.split(".")[:2] != installation.version.split(".")[:2]:
        return False
    return known.version == installation.version or known.interpreter == installation.interpreter
