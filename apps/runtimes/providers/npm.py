"""Node environments: npm fills `node_modules`; actions find it over NODE_PATH, since their files lie elsewhere."""

import json
from collections.abc import Iterator
from pathlib import Path

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.environments.workshop import CommandFailed, Workshop
from apps.runtimes.providers.npm_settings import NpmSettings
from apps.runtimes.providers.package_json import PackageJson
from apps.runtimes.providers.programs import first_on_path, program_of

_MODULES = "node_modules"


class NpmRecipe:
    """`npm ci` where the pack has a lock file, `npm install` elsewhere.

    Install scripts of packages run, as setup.py does: without them half of the native packages are empty shells, and
    installing a pack runs its code anyway, without a secret and, if so set up, as another user. An operator who sets
    NPM_CONFIG_IGNORE_SCRIPTS=true does without.
    """

    name = "npm"

    def dependencies(self, request: EnvironmentRequest) -> list[str]:
        return PackageJson.of(request).normalised(request.pack_dir)

    def fill(self, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
        package = PackageJson.of(request)
        if not any(package.wishes.values()):
            return
        workshop.write(folder / "package.json", package.for_npm())
        if request.lock is not None:
            workshop.write(folder / "package-lock.json", request.lock)
        for path in package.local_paths():
            _bring(path, request.pack_dir, folder, workshop=workshop)
        try:
            _npm("ci" if request.lock is not None else "install", folder, request, workshop)
        except CommandFailed as error:
            raise BuildFailed(f"The dependencies could not be installed.\nnpm: {error.reason}") from error

    def packages(self, folder: Path) -> dict[str, str]:
        return dict(sorted(_installed(folder / _MODULES)))


def _npm(verb: str, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
    interpreter = request.installation.interpreter
    settings = NpmSettings.read(workshop.settings.environ, has_logins=workshop.settings.owner is None)
    workshop.log.mask(settings.addresses)
    npmrc = workshop.write(workshop.scratch / "npmrc", settings.as_npmrc())
    argv = [
        *(program_of(interpreter, "npm", workshop=workshop), verb, "--omit=dev"),
        *("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--no-color", "--loglevel=notice"),
        # npm's own patience is a minute and more; `download` is patient for it.
        *("--fetch-retries=0", "--logs-max=0", f"--cache={workshop.cache_for('npm')}"),
        # A lock names every file by its hash, so what the cache has is what the registry would give.
        *(["--prefer-offline"] if verb == "ci" else []),
    ]
    env = {"NPM_CONFIG_USERCONFIG": str(npmrc), **first_on_path(str(Path(interpreter).parent), workshop=workshop)}
    workshop.download(argv, cwd=folder, env=env, offline=["--offline"])


def _bring(path: str, pack_dir: Path, folder: Path, *, workshop: Workshop) -> None:
    """Copies what a dependency `file:<path>` means to the same place in the environment."""
    root, source = pack_dir.resolve(), (pack_dir / path).resolve()
    inside = source.relative_to(root) if source.is_relative_to(root) else Path()
    if not inside.parts or inside.parts[0] == _MODULES:
        raise BuildFailed(f"package.json wants file:{path}, which is no folder or archive of the pack.")
    if source.is_dir():
        for file in (item for item in source.rglob("*") if item.is_file() and _MODULES not in item.parts):
            workshop.write(folder / inside / file.relative_to(source), file.read_bytes())
    elif source.is_file():
        workshop.write(folder / inside, source.read_bytes())
    else:
        raise BuildFailed(f"package.json wants file:{path}, which is not in the pack.")


def _installed(modules: Path, *, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, version) of each package; one inside another is named by its way (`a/node_modules/b`)."""
    for folder in _package_folders(modules):
        name = prefix + str(folder.relative_to(modules))
        try:
            version = json.loads((folder / "package.json").read_bytes()).get("version")
        except (OSError, ValueError, AttributeError):
            continue  # emptied by hand, or no package
        yield name, str(version or "")
        if not folder.is_symlink():
            yield from _installed(folder / _MODULES, prefix=f"{name}/{_MODULES}/")


def _package_folders(modules: Path) -> Iterator[Path]:
    try:
        entries = sorted(modules.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("@"):
            yield from _package_folders(entry)
        elif not entry.name.startswith(".") and entry.is_dir():
            yield entry
