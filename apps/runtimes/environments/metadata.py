"""`attune_metadata.json`: what a generation is. Written last: a folder without it was never finished."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from apps.core.types import JsonObject

FILE_NAME = "attune_metadata.json"


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """`dependencies` as they were asked for, `packages` as they were installed (name → version). `dependency_hash`
    covers everything the environment depends on, `content_hash` all but interpreter and platform."""

    pack_ref: str
    runtime: str
    provider: str
    generation: int
    dependency_hash: str
    content_hash: str
    dependencies: tuple[str, ...]
    packages: Mapping[str, str]
    executable: str
    """What runs actions in it."""
    interpreter: str
    """The base interpreter it was made from, and its version."""
    version: str
    platform: str
    size_bytes: int
    created_at: datetime
    """When the first generation was built."""
    updated_at: datetime
    """When this one was."""

    def as_json(self) -> JsonObject:
        times = {"created_at": self.created_at.isoformat(), "updated_at": self.updated_at.isoformat()}
        # Python's own name for the version is what tools around such environments look for.
        python = {"python_version": self.version} if self.provider == "virtualenv" else {}
        return {**asdict(self), **times, **python}

    @classmethod
    def from_json(cls, body: JsonObject) -> "Metadata":
        # Environments of before there was a `content_hash` go on serving.
        values = {name: body[name] for name in _FIELDS if name != "content_hash"}
        values["content_hash"] = body.get("content_hash", "")
        values["dependencies"] = tuple(values["dependencies"])
        for name in ("created_at", "updated_at"):
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


_FIELDS = tuple(field.name for field in fields(Metadata))


def read(folder: Path) -> Metadata | None:
    """The metadata of a complete generation; None for anything else, also where a hand spoilt it."""
    try:
        return Metadata.from_json(json.loads((folder / FILE_NAME).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, metadata: Metadata) -> None:
    """Makes the generation complete: from now on there is the whole file or none, also after a power cut."""
    temporary = folder / f".{FILE_NAME}"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(metadata.as_json(), file, indent=2, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(0o644)
    temporary.replace(folder / FILE_NAME)
