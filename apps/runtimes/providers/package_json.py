"""package.json, as far as it says what to install."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.core.types import JsonObject
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest

#: What npm installs for an action. `devDependencies` are for who works on the pack.
_KINDS = {"dependencies": "", "optionalDependencies": " (optional)", "peerDependencies": " (peer)"}


@dataclass(frozen=True)
class PackageJson:
    """`wishes` by kind of dependency: `{name: version range, address or file:…}`."""

    body: JsonObject
    wishes: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, request: EnvironmentRequest) -> "PackageJson":
        """Raises `BuildFailed` for what npm could not read either."""
        name = request.runtime.environment.manifest or "package.json"
        if request.manifest is None:
            if request.lock is not None:
                raise BuildFailed(f"{request.runtime.environment.lock} needs a {name} beside it.")
            return cls({}, {})
        try:
            body = json.loads(request.manifest.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise BuildFailed(f"{name} is not UTF-8 at byte {error.start}.") from error
        except (ValueError, RecursionError) as error:
            raise BuildFailed(f"{name} is no JSON: {error}.") from error
        if not isinstance(body, dict):
            raise BuildFailed(f"{name} is to hold a JSON object.")
        return cls(body, {kind: _wishes(body, kind, file=name) for kind in _KINDS})

    def normalised(self, pack_dir: Path) -> list[str]:
        """Every wish in one way of writing, for the hash."""
        found = [
            f"{name}@{wish.strip()}{_KINDS[kind]}"
            for kind, items in self.wishes.items()
            for name, wish in items.items()
        ]
        if found and (overrides := self.body.get("overrides")):
            found.append(f"overrides {json.dumps(overrides, sort_keys=True)}")
        # What a path means may change with the pack's version though the line stays.
        return [*found, f"in {pack_dir}"] if any(self.local_paths()) else found

    def local_paths(self) -> Iterator[str]:
        """Folders and archives of the pack itself, as they are named."""
        for items in self.wishes.values():
            for wish in items.values():
                if wish.startswith("file:"):
                    yield wish.removeprefix("file:")

    def for_npm(self) -> bytes:
        """Without the pack's own scripts: they are for who works on it, and its other files are not there."""
        return json.dumps({key: value for key, value in self.body.items() if key != "scripts"}).encode()


def _wishes(body: JsonObject, kind: str, *, file: str) -> dict[str, str]:
    found = body.get(kind) or {}
    if not isinstance(found, dict) or not all(isinstance(wish, str) for wish in found.values()):
        raise BuildFailed(f"{kind} in {file} is to be an object of names and versions.")
    return found
