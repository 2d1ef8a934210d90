"""Reads a pack's folder as a whole: manifest and every kind of content, all errors at once, nothing written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.errors import Conflict, ErrorCollector, Invalid
from apps.core.types import JsonObject
from apps.packs import content
from apps.packs.config_schema import read_config_schema
from apps.packs.documents import PackFile
from apps.packs.manifest import PackManifest, read_manifest
from apps.packs.runtime_files import tell_unknown_runtimes

SUFFIXES = (".yaml", ".yml")


class PackInvalid(Invalid):
    """The pack cannot be installed as it is; what served before goes on serving."""

    code = "pack_invalid"


class RefTaken(Conflict):
    """Another pack has this ref or the same name on disk."""

    code = "ref_taken"


@dataclass(frozen=True)
class LoadedPack:
    """`content` maps a kind's folder to its things; `config_schema` is what `config.schema.yaml` declares."""

    manifest: PackManifest
    content: dict[str, list[Any]]
    config_schema: JsonObject


def load_pack(folder: Path) -> LoadedPack:
    """The pack in `folder`. Raises `PackInvalid` with every error of every file."""
    errors = ErrorCollector()
    if not (folder / "pack.yaml").is_file():
        errors.add(
            "pack.yaml", 0, "there is no pack.yaml in the folder", "every pack has one, with `ref` and `version`"
        )
        raise PackInvalid(errors=errors.errors)
    file = PackFile.open(folder, "pack.yaml", errors)
    manifest = read_manifest(file, errors) if file else None
    config_schema = read_config_schema(folder, errors)
    # Without a manifest the other files are still read, so that an author sees all mistakes in one go.
    context = content.ReadContext(folder, manifest or PackManifest("unknown", "0.0.0", {}), errors)
    for kind in content.kinds():
        _read_kind(kind, context)
    if file and manifest:
        tell_unknown_runtimes(file, context)
    if errors.errors or manifest is None:
        raise PackInvalid(
            f"{len(errors.errors)} error{'s' if len(errors.errors) > 1 else ''} in the pack.", errors=errors.errors
        )
    return LoadedPack(manifest, context.content, config_schema)


def _read_kind(kind: content.ContentKind, context: content.ReadContext) -> None:
    items = context.content.setdefault(kind.folder, [])
    base = context.folder / kind.folder
    # Only the files right in the folder: `actions/workflows/` and the like belong to their entry points.
    for path in sorted(base.iterdir()) if base.is_dir() else ():
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        file = PackFile.open(context.folder, f"{kind.folder}/{path.name}", context.errors)
        item = kind.read(file, context) if file else None
        if item is not None:
            items.append(item)
