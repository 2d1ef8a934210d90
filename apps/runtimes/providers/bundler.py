"""Ruby environments: Bundler installs gems into `gems`, which GEM_HOME names when an action starts.

Actions start without Bundler, which would cost each of them a tenth of a second. So an environment holds one version of
each gem, and `require` finds that one.
"""

from pathlib import Path

from apps.runtimes.environments.build_environ import readable_at_home
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.environments.workshop import CommandFailed, Workshop
from apps.runtimes.providers.gemfile import installed_gems, lock_for_bundler, vendored_gems, wishes_of
from apps.runtimes.providers.programs import program_of

_HOME = "gems"


class BundlerRecipe:
    """`bundle install`, frozen where the pack has a lock file, and without the network where it brings its gems."""

    name = "bundler"

    def dependencies(self, request: EnvironmentRequest) -> list[str]:
        return wishes_of(request)

    def fill(self, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
        if not wishes_of(request):
            return
        # Only gems stay in the environment, so the Gemfile works where everything is thrown away.
        root = workshop.scratch / "bundle"
        workshop.write(root / "Gemfile", request.manifest or b"")
        if request.lock is not None:
            workshop.write(root / "Gemfile.lock", lock_for_bundler(request.lock))
        for gem in vendored_gems(request):
            workshop.write(root / "vendor" / "cache" / gem.name, gem.read_bytes())
        workshop.give(root)
        try:
            _bundle(root, folder / _HOME, request, workshop)
        except CommandFailed as error:
            raise BuildFailed(f"The dependencies could not be installed.\nbundler: {error.reason}") from error
        _refuse_unreachable(folder / _HOME)

    def packages(self, folder: Path) -> dict[str, str]:
        return dict(sorted(installed_gems(folder / _HOME)))


def _bundle(root: Path, home: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
    interpreter = request.installation.interpreter
    env = {
        "GEM_HOME": str(home),
        "GEM_PATH": str(home),
        "BUNDLE_GEMFILE": str(root / "Gemfile"),
        "BUNDLE_APP_CONFIG": str(root / "config"),
        "BUNDLE_PATH__SYSTEM": "true",
        "BUNDLE_FROZEN": str(request.lock is not None).lower(),
        "BUNDLE_WITHOUT": "development:test",
        "BUNDLE_SILENCE_ROOT_WARNING": "true",
        "BUNDLE_GLOBAL_GEM_CACHE": "true",
        "BUNDLE_USER_CACHE": str(workshop.cache_for("bundler")),
        "BUNDLE_RETRY": "0",  # `download` is patient for it
        **_logins(workshop),
    }
    argv = [interpreter, program_of(interpreter, "bundle", workshop=workshop), "install", "--no-color", "--no-cache"]
    if vendored_gems(request):
        workshop.command([*argv, "--local"], cwd=root, env=env)
    else:
        workshop.download(argv, cwd=root, env=env)


def _logins(workshop: Workshop) -> dict[str, str]:
    """Bundler's own settings of the operator, with mirrors and logins: a file, which stays where it is."""
    if workshop.settings.owner is not None:
        return {}
    file = readable_at_home(workshop.settings.environ, "BUNDLE_USER_CONFIG", ".bundle/config")
    return {"BUNDLE_USER_CONFIG": str(file)} if file else {}


def _refuse_unreachable(home: Path) -> None:
    """Gems out of git lie where only Bundler looks."""
    if any((home / "bundler" / "gems").glob("*")):
        raise BuildFailed(
            "The Gemfile wants gems out of git, which actions would not find: they start without Bundler. "
            "Name a version of an index, or put the gem's files into the pack's lib/."
        )
