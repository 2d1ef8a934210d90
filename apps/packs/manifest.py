"""`pack.yaml`: what a pack says of itself."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.core import refs
from apps.core.errors import ErrorCollector
from apps.core.types import JsonObject
from apps.packs import dependencies, semver
from apps.packs.dependencies import PackDependency
from apps.packs.documents import PackFile
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.ranges import NoRange, VersionRange, range_of

_TEXT = {"type": "string", "maxLength": 10_000}
_LABEL = {"type": "string", "maxLength": 255}
_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": 200}

SCHEMA: JsonObject = {
    "type": "object",
    "required": ["ref", "version"],
    "additionalProperties": False,
    "properties": {
        "ref": {"type": "string", "pattern": refs.PACK_REF.pattern.replace(r"\Z", "$"), "maxLength": 100},
        "name": _LABEL,
        "label": _LABEL,
        "description": _TEXT,
        "version": {"type": "string", "pattern": semver.PATTERN, "maxLength": 100},
        "author": _TEXT,
        "email": _TEXT,
        "keywords": _TEXTS,
        "contributors": _TEXTS,
        "dependencies": _TEXTS,
        "attune_version": _TEXT,
        "runtimes": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 50},
        "runtime_version": _TEXT,
        "tests": {**_TEXTS, "maxItems": 50, "description": "commands, read as a shell would, run without one"},
        "warm": {
            "enum": ["auto", "off"],
            "description": "off: its actions always start cold, unless they say otherwise",
        },
        "preload": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"},
                "maxItems": 100,
            },
            "maxProperties": 50,
            "description": "modules a warm server imports before it forks actions, for each runtime",
        },
        "meta": {
            "type": "object",
            "additionalProperties": True,
            "properties": {
                "python_dependencies": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "runtime": {"type": "string"},
                        "dependencies": _TEXTS,
                        "requirements_file_content": _TEXT,
                        "min_version": {"type": "string"},
                        "max_version": {"type": "string"},
                    },
                }
            },
        },
    },
}

#: What to write instead, by the field's name.
HINTS = {
    "ref": "lower case letters, digits and underscores, joined by dots: `acme.web`",
    "version": "a semantic version: `1.0.0`",
    "keywords": "a list of words: `[network, dns]`",
    "tests": "a list of commands: `tests: [python -m pytest -q, node --test]`",
    "dependencies": dependencies.HINT,
    "preload": "modules for each runtime: `python: [requests]`",
    "runtimes": 'a range for each runtime: `python: ">=3.9"`',
}


_BOUNDS = (("min_version", ">="), ("max_version", "<="))


@dataclass(frozen=True)
class PackManifest:
    """`body` is the whole of `pack.yaml` as JSON."""

    ref: str
    version: str
    body: JsonObject = field(repr=False)
    #: Where `ref`, `version` and each of `dependencies` (`dependencies.0`) stand in pack.yaml.
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def label(self) -> str:
        return str(self.body.get("label") or self.body.get("name") or self.ref)

    def line(self, *path: str | int) -> int:
        """Of the value at `path` in pack.yaml; 0 where nobody knows."""
        return self.lines.get(".".join(map(str, path)), 0)

    @property
    def dependencies(self) -> tuple[PackDependency, ...]:
        return dependencies.parse_all(self.body.get("dependencies", ()))

    @property
    def runtime_ranges(self) -> Mapping[str, str]:
        """`{runtime or alias of it: range of its versions}`, as they are written. `runtime_version`, and the least and
        greatest version in `meta.python_dependencies`, speak of Python."""
        ranges: dict[str, str] = dict(self.body.get("runtimes", {}))
        declared: JsonObject = self.body.get("meta", {}).get("python_dependencies", {})
        more = [
            self.body.get("runtime_version", ""),
            *(f"{sign}{declared[key]}" for key, sign in _BOUNDS if key in declared),
        ]
        python = ",".join(text for text in (ranges.get("python", ""), *more) if text.strip())
        return {**ranges, "python": python} if python else ranges

    def range_for(self, runtime: RuntimeDefinition) -> str:
        """What the pack asks for of this runtime, in one form; empty: nothing."""
        said = (self.runtime_ranges.get(name, "") for name in (runtime.name, *runtime.aliases))
        return str(range_of(",".join(text for text in said if text)))

    @property
    def tests(self) -> tuple[str, ...]:
        """Commands of `attune pack test`, as they were written."""
        return tuple(self.body.get("tests", ()))

    @property
    def warm(self) -> str:
        """What holds for actions that say nothing: `auto` or `off`."""
        return str(self.body.get("warm", "auto"))

    def preload(self, runtime: str) -> tuple[str, ...]:
        """Modules that a warm server of this runtime imports."""
        return tuple(self.body.get("preload", {}).get(runtime, ()))

    @property
    def python_dependencies(self) -> tuple[str, ...]:
        """Requirements named in `meta.python_dependencies`, line by line."""
        declared: JsonObject = self.body.get("meta", {}).get("python_dependencies", {})
        lines = [*declared.get("dependencies", ()), *declared.get("requirements_file_content", "").splitlines()]
        return tuple(line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))


def read_manifest(file: PackFile, errors: ErrorCollector) -> PackManifest | None:
    """The manifest in `file`, or None with everything that is wrong in `errors`."""
    body = file.read(SCHEMA, errors, hints=HINTS)
    if body is None:
        _are_well(file.sound_parts(SCHEMA), file, errors)
        return None
    if not file.can_be_kept(body, errors) or not _are_well(body, file, errors):
        return None
    paths: list[list[str | int]] = [["ref"], ["version"], ["dependencies"]]
    paths += [["dependencies", index] for index in range(len(body.get("dependencies", ())))]
    lines = {".".join(map(str, path)): file.document.line(path) for path in paths}
    return PackManifest(ref=body["ref"], version=body["version"], body=body, lines=lines)


def _are_well(body: JsonObject, file: PackFile, errors: ErrorCollector) -> bool:
    checks = (_ranges_are_well, _dependencies_are_well, _tests_are_well)
    return not [check for check in checks if not check(body, file, errors)]  # none is left out


def _dependencies_are_well(body: JsonObject, file: PackFile, errors: ErrorCollector) -> bool:
    before = len(errors.errors)
    for index, text in enumerate(body.get("dependencies", ())):
        try:
            needed = PackDependency.parse(text)
        except semver.NoVersion as error:
            file.add(errors, ["dependencies", index], f"dependencies: {error}", dependencies.HINT)
        else:
            if needed.ref == body.get("ref"):
                file.add(errors, ["dependencies", index], "the pack depends on itself", "leave it out")
    return len(errors.errors) == before


def _tests_are_well(body: JsonObject, file: PackFile, errors: ErrorCollector) -> bool:
    before = len(errors.errors)
    for index, text in enumerate(body.get("tests", ())):
        try:
            if not shlex.split(text):
                file.add(errors, ["tests", index], "an empty command", HINTS["tests"])
        except ValueError as error:
            file.add(errors, ["tests", index], f"no command: {error}".lower(), HINTS["tests"])
    return len(errors.errors) == before


def _ranges_are_well(body: JsonObject, file: PackFile, errors: ErrorCollector) -> bool:
    before = len(errors.errors)
    declared: JsonObject = body.get("meta", {}).get("python_dependencies", {})
    said: list[tuple[list[str | int], str]] = [
        (["runtimes", name], text) for name, text in body.get("runtimes", {}).items()
    ]
    said += [(["runtime_version"], body.get("runtime_version", ""))]
    said += [(["meta", "python_dependencies", name], declared.get(name, "")) for name, _ in _BOUNDS]
    for path, text in said:
        try:
            VersionRange.parse(text)
        except NoRange as error:
            file.add(errors, path, f"{'.'.join(map(str, path))}: {error}", HINTS["runtimes"])
    return len(errors.errors) == before
