"""Which environment a version of a pack wants: worked out once for each, since versions never change."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from apps.packs.manifest import PackManifest
from apps.packs.models import Pack, PackVersion
from apps.packs.versions import ensure_unpacked
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.services import build_settings
from apps.workers.host import Host, HostedRuntime

#: Stands for an interpreter where only the dependencies matter.
_NONE = Installation("", "")


@dataclass(frozen=True)
class Wanted:
    """The request, the hash of the environment that fulfils it, and of what belongs into it, whoever runs it."""

    request: EnvironmentRequest
    fingerprint: str
    content_hash: str


@lru_cache(maxsize=1024)
def wanted_environment(pack_ref: str, pack_digest: str, runtime: HostedRuntime) -> Wanted:
    """For a runtime with environments, as this host has it."""
    request = _request(pack_ref, pack_digest, runtime.definition, runtime.installation)
    provider = provider_named(runtime.definition.environment.provider, build_settings())
    assert isinstance(provider, GenerationProvider)
    return Wanted(request, provider.fingerprint(request), provider.content_hash(request))


def runtime_for(pack: Pack, name: str, *, host: Host) -> HostedRuntime:
    """What runs the current version of the pack here. Raises `RuntimeNotHere`."""
    return host.runtime(name, range_of(pack, host.runtime(name).definition))


def range_of(pack: Pack, definition: RuntimeDefinition) -> str:
    """Which versions of the runtime the pack's current version asks for; empty: any."""
    assert pack.current is not None, "who asks has looked"
    return PackManifest(pack.ref, pack.current.version, pack.current.manifest).range_for(definition)


def has_dependencies(pack_ref: str, pack_digest: str, definition: RuntimeDefinition) -> bool:
    """Whether the pack needs an environment of its own; without one it uses the base environment."""
    return _request(pack_ref, pack_digest, definition, _NONE).needs_environment


def wish_of(manifest: PackManifest, folder: Path, *, definition: RuntimeDefinition) -> tuple[str, str] | None:
    """Of the pack in `folder`: the hash of what its environment is to hold, whichever interpreter it is for, and the
    range of versions; None: it needs none of its own. Raises `BuildFailed` for files nobody can read."""
    request = environment_request(manifest, folder, definition=definition, installation=_NONE)
    if not request.needs_environment:
        return None
    provider = provider_named(definition.environment.provider, build_settings())
    assert isinstance(provider, GenerationProvider)
    return provider.content_hash(request), manifest.range_for(definition)


def _request(
    pack_ref: str, pack_digest: str, definition: RuntimeDefinition, installation: Installation
) -> EnvironmentRequest:
    folder = ensure_unpacked(pack_ref, pack_digest)
    version = PackVersion.objects.get(pack__ref=pack_ref, digest=pack_digest)
    manifest = PackManifest(pack_ref, version.version, version.manifest)
    return environment_request(manifest, folder, definition=definition, installation=installation)


def environment_request(
    manifest: PackManifest, folder: Path, *, definition: RuntimeDefinition, installation: Installation
) -> EnvironmentRequest:
    """What the pack in `folder` asks for."""
    return EnvironmentRequest(
        pack_ref=manifest.ref,
        pack_dir=folder,
        runtime=definition,
        installation=installation,
        dependencies=manifest.python_dependencies if definition.name == "python" else (),
        manifest=_content(folder, definition.environment.manifest),
        lock=_content(folder, definition.environment.lock),
        asks_for_version=bool(manifest.range_for(definition)),
    )


def _content(folder: Path, name: str | None) -> bytes | None:
    path = folder / name if name else None
    return path.read_bytes() if path is not None and path.is_file() else None
