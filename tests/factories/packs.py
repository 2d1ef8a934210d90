"""Packs as folders, and the runtimes their actions need."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import yaml
from django.conf import settings

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.services import upsert_runtimes

#: An action that says nothing of itself but what it must.
ACTION = "name: {name}\nruntime: shell\nentry_point: {name}.sh\n"


def write_pack(
    folder: Path, *, ref: str = "acme", version: str = "1.0.0", files: Mapping[str, str] | None = None, more: str = ""
) -> Path:
    """A pack with one action, `deploy`, unless `files` (path → text) say otherwise; `more` is added to pack.yaml."""
    if files is None:
        files = {"actions/deploy.yaml": ACTION.format(name="deploy"), "actions/deploy.sh": "echo hello\n"}
    for path, text in {"pack.yaml": f"ref: {ref}\nversion: {version}\n{more}", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def digest_of(folder: Path) -> str:
    """Of a pack's content, worked out from its files alone."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        mark = "x" if path.stat().st_mode & 0o100 else "-"
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{mark}\0{content}\n".encode())
    return total.hexdigest()


def make_runtimes(*names: str) -> None:
    """The core pack's runtimes of these names, as its installation leaves them."""
    folder = settings.BASE_DIR / "packs/core/runtimes"
    definitions = [RuntimeDefinition.from_json(yaml.safe_load((folder / f"{name}.yaml").read_text())) for name in names]
    upsert_runtimes("core", "0" * 64, definitions)
