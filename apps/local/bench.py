"""Where a pack of this machine runs: a warden, a folder to work in, runtimes and environments as a worker has them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from apps.local.conversation import Teller
from apps.local.neighbours import core_runtimes, own_packs
from apps.local.opening import OpenPack
from apps.runner.spec import RunAs
from apps.runner.warden_client import Warden
from apps.runner.workplace import workplace
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation, detect
from apps.runtimes.environments import locks
from apps.runtimes.environments.line_log import LineLog
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.ranges import range_of
from apps.runtimes.services import build_settings
from apps.workers.commands import WardenCommands
from apps.workers.host import HostedRuntime, RuntimeNotHere
from apps.workers.wanted import environment_request

#: Nobody calls this one lost, also while the machine sleeps.
_SILENCE_S = 1_000_000.0
#: Generations of each environment that stay.
_KEEP_RECENT = 1


@dataclass(frozen=True)
class Bench:
    """For one pack, as long as one wish takes."""

    pack: OpenPack
    teller: Teller
    warden: Warden
    work_root: Path

    @property
    def run_as(self) -> RunAs | None:
        """Whoever called."""
        return None

    def definitions(self) -> list[RuntimeDefinition]:
        """The runtimes of the pack, then those of Attune."""
        own: list[RuntimeDefinition] = self.pack.loaded.content.get("runtimes", [])
        names = {item.name for item in own}
        return [*own, *(item for item in core_runtimes() if item.name not in names)]

    def runtime(self, name: str) -> HostedRuntime:
        """Raises `RuntimeNotHere`."""
        definition = next(item for item in self.definitions() if item.name == name)
        wanted = self.pack.loaded.manifest.range_for(definition)
        installation = _best_installation(definition, wanted, os.environ.get("PATH", os.defpath))
        is_own = definition in self.pack.loaded.content.get("runtimes", [])
        folder = self.pack.folder if is_own else own_packs() / "core"
        return HostedRuntime(definition, installation, folder)

    def environment(self, runtime: HostedRuntime, held: ExitStack) -> Path | None:
        """The pack's environment, built if need be, and kept as long as `held`. Raises `BuildFailed`."""
        if not runtime.definition.has_environments:
            return None
        request = environment_request(
            self.pack.loaded.manifest,
            self.pack.folder,
            definition=runtime.definition,
            installation=runtime.installation,
        )
        provider = provider_named(runtime.definition.environment.provider, build_settings())
        if provider.needs_update(request):
            self.teller.say(f"builds the environment for {runtime.definition.label} {runtime.installation.version}")
        run = WardenCommands(self.warden, self.teller.control, work_root=self.work_root)
        log = LineLog(lambda line: self.teller.say(f"  {line.decode('utf-8', 'replace').rstrip()}"))
        built = provider.ensure_environment(request, run=run, log=log.feed)
        log.flush()
        assert built.folder is not None, "the runtime has environments"
        held.enter_context(locks.hold(built.folder))
        provider.cleanup(keep_recent=_KEEP_RECENT)
        return built.folder


@lru_cache
def _best_installation(definition: RuntimeDefinition, wanted: str, search_path: str) -> Installation:
    """The first that works and is `wanted`: a worker looks at all of them once, which takes longer than most runs.

    Raises `RuntimeNotHere`.
    """
    problems: list[str] = []
    for command in definition.detect:
        found = detect(replace(definition, detect=(command,)), search_path=search_path)
        for installation in found.installations:
            if installation.version in range_of(wanted):
                return installation
            problems.append(f"{installation.interpreter} is {installation.version}")
        problems += found.problems
    raise RuntimeNotHere(f"this machine has no {definition.name} {wanted}".rstrip() + f": {'; '.join(problems)}")


@contextmanager
def bench(pack: OpenPack, teller: Teller) -> Iterator[Bench]:
    """Everything that was started there has ended afterwards."""
    warden = Warden(silence_s=_SILENCE_S)
    try:
        with workplace(Path(settings.ATTUNE_WORK_DIR)) as work_root:
            yield Bench(pack, teller, warden, work_root)
    finally:
        warden.close()
