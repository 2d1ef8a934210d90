"""Makes the two secrets of an Attune on its first start, and never again."""

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from apps.standalone.errors import StandaloneError
from apps.standalone.private_file import write_private


def ensure_secrets(folder: Path, *, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the `…_FILE` settings of both secrets, making files that are missing.

    A secret the operator set, by value or by file, is left to them. Raises StandaloneError for an empty
    file: making a new key over a lost one would make every encrypted value unreadable.
    """
    makers: dict[str, Callable[[], str]] = {
        "ATTUNE_SECRET_KEY": _new_secret_key,
        "ATTUNE_ENCRYPTION_KEYS": _new_encryption_keys,
    }
    settings = {}
    for name, make in makers.items():
        if not environ.get(name):
            own = environ.get(f"{name}_FILE")
            settings[f"{name}_FILE"] = own or str(_ensure(folder / name.lower().removeprefix("attune_"), make))
    return settings


def _ensure(path: Path, make: Callable[[], str]) -> Path:
    if not path.exists():
        write_private(path, make() + "\n")
    elif not path.read_text(encoding="utf-8").strip():
        raise StandaloneError(
            f"{path} is empty, as after a full disk or a copy that was cut off. Restore it from a backup; "
            "only if nothing is encrypted yet, remove it and a new one is made."
        )
    return path


def _new_secret_key() -> str:
    return secrets.token_urlsafe(64)


def _new_encryption_keys() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
