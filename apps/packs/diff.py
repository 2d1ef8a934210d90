"""What a version of a pack would change of the one that serves: files, what they say, what is needed, configuration.

Both are read as files: what another version of Attune, or other packs, think of them plays no part.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apps.core.errors import ErrorCollector
from apps.core.types import JsonObject, JsonValue
from apps.packs import content
from apps.packs.config_schema import read_config_schema
from apps.packs.documents import PackFile
from apps.packs.loader import content_files
from apps.packs.manifest import PackManifest

#: Names told of each list; the rest is counted.
MOST_TOLD = 200
#: What a program is written in, beside the file that names it.
_ENTRY_POINT = "entry_point"


@dataclass(frozen=True)
class _Described:
    """Of one folder: digests by file, things by kind and name, lines of what is needed, declared configuration."""

    files: Mapping[str, str] = field(default_factory=dict)
    things: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    needs: Mapping[str, JsonValue] = field(default_factory=dict)
    config: Mapping[str, JsonValue] = field(default_factory=dict)


def diff_of(before: Path | None, after: Path, *, manifests: Mapping[str, Sequence[str]]) -> JsonObject:
    """`{files, actions, …, dependencies, config}`, each with what is `added`, `changed` and `removed`, only where
    something is. More than 200 names of a list are counted in `left_out`.

    `manifests`: by runtime, the names of files that say what it is to install.
    """
    old, new = _described(before, manifests), _described(after, manifests)
    parts = {"files": (old.files, new.files)}
    parts |= {kind: (old.things.get(kind, {}), new.things.get(kind, {})) for kind in {**old.things, **new.things}}
    parts |= {"dependencies": (old.needs, new.needs), "config": (old.config, new.config)}
    return {name: part for name, (one, other) in parts.items() if (part := _part(one, other))}


def _part(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> JsonObject:
    lists = {
        "added": sorted(new.keys() - old.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
        "removed": sorted(old.keys() - new.keys()),
    }
    if not any(lists.values()):
        return {}
    left_out = sum(max(0, len(names) - MOST_TOLD) for names in lists.values())
    told: JsonObject = {name: names[:MOST_TOLD] for name, names in lists.items()}
    return {**told, "left_out": left_out} if left_out else told


def _described(folder: Path | None, manifests: Mapping[str, Sequence[str]]) -> _Described:
    if folder is None:
        return _Described()
    files = {path.relative_to(folder).as_posix(): _digest(path) for path in folder.rglob("*") if path.is_file()}
    things = {kind.folder: _things(folder, kind.folder, files) for kind in content.kinds()}
    needs = {**_needs(folder), **dict(_to_install(folder, files, manifests))}
    return _Described(files, things, needs, read_config_schema(folder, ErrorCollector()))


def _digest(path: Path) -> str:
    mark = "x" if path.stat().st_mode & 0o100 else "-"
    return mark + hashlib.sha256(path.read_bytes()).hexdigest()


def _things(folder: Path, kind: str, files: Mapping[str, str]) -> dict[str, JsonValue]:
    """By name: what the file says, and its program with it."""
    things: dict[str, JsonValue] = {}
    for name in content_files(folder, kind):
        value = _value(folder, f"{kind}/{name}")
        if not isinstance(value, dict):
            continue
        program = str(value.get(_ENTRY_POINT) or "").partition(":")[0]
        things[str(value.get("name") or name)] = {"said": value, "program": files.get(f"{kind}/{program}", "")}
    return things


def _value(folder: Path, path: str) -> JsonValue:
    file = PackFile.open(folder, path, ErrorCollector())
    return file.document.value({}) if file else None


def _needs(folder: Path) -> dict[str, JsonValue]:
    """What pack.yaml names, each as one line: `pack lib>=1`, `python requests==2`, `runtime python`."""
    found = _value(folder, "pack.yaml")
    manifest = PackManifest("", "", found if isinstance(found, dict) else {})
    needs: dict[str, JsonValue] = {f"pack {text}": True for text in manifest.body.get("dependencies") or ()}
    needs |= {f"python {line}": True for line in manifest.python_dependencies}
    return {**needs, **{f"runtime {name}": text for name, text in manifest.runtime_ranges.items()}}


def _to_install(
    folder: Path, files: Mapping[str, str], manifests: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, JsonValue]]:
    """The lines of a text file (`python requests==2`); any other file as a whole (`node package.json`)."""
    for runtime, names in manifests.items():
        for name in names:
            if name in files and name.endswith(".txt"):
                lines = (folder / name).read_text("utf-8", "replace").splitlines()
                plain = (line.partition(" #")[0].strip() for line in lines if not line.startswith("#"))
                yield from ((f"{runtime} {line}", True) for line in plain if line)
            elif name in files:
                yield f"{runtime} {name}", files[name]
