"""Builds the environments of a pack's next version on a worker, before that version serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.repeating import Repeating
from apps.executions.pack_tests.operation import queue_of
from apps.operations.pieces import ALIVE_EVERY_S, Pieces
from apps.operations.progress import Progress
from apps.packs.loader import LoadedPack
from apps.packs.manifest import PackManifest
from apps.packs.models import PackVersion
from apps.packs.proving import Candidate
from apps.packs.services.install import manifest_in
from apps.packs.versions import ensure_unpacked
from apps.runner.control import RunControl
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.services import known_runtimes
from apps.workers.builds import prepare_wanted
from apps.workers.host import HostedRuntime, RuntimeNotHere, current, is_worker
from apps.workers.wanted import environment_request, wish_of


class EnvironmentsFirst:
    """The prover of packs' environments."""

    def runtimes(self, loaded: LoadedPack, folder: Path, *, serving: PackVersion) -> dict[str, str]:
        manifest = loaded.manifest
        changed = {}
        for definition in known_runtimes():
            if definition.name not in _used(loaded.content["actions"]) or not definition.has_environments:
                continue
            wish = wish_of(manifest, folder, definition=definition)
            if wish is not None and wish != _wish_before(serving, definition=definition):
                changed[definition.name] = manifest.range_for(definition)
        return changed if changed and self.queue_of(changed) else {}

    def queue_of(self, runtimes: Mapping[str, str]) -> str | None:
        return queue_of({"runtimes": runtimes})

    def prove(self, candidate: Candidate, progress: Progress) -> bool:
        if not is_worker():
            return False  # who could have is gone meanwhile: they are built before the first run
        progress.step(f"build {', '.join(candidate.runtimes)}", percent=60)
        proof, control = _Proof(candidate, Pieces(progress)), RunControl()
        alive = Repeating("proving", progress.give_sign, every_s=ALIVE_EVERY_S)
        alive.start()
        try:
            with current().building(control):
                for name, wanted in candidate.runtimes.items():
                    proof.build(name, wanted, control=control)
        finally:
            alive.stop()
            proof.said.flush()
        return True


@dataclass(frozen=True)
class _Proof:
    candidate: Candidate
    said: Pieces

    def build(self, name: str, wanted: str, *, control: RunControl) -> None:
        """Raises `BuildFailed`, which says what serves on."""
        try:
            hosted = current().runtime(name, wanted)
        except RuntimeNotHere:  # it is another worker's, and is built there before the first run
            return
        try:
            prepare_wanted(self._request(hosted), host=current(), control=control, log=self.said.write)
        except BuildFailed as error:
            it, goes_on = f"{self.candidate.ref} {self.candidate.version}", self.candidate.serving
            detail = f"The environment of {it} for {name} could not be built, so {goes_on} goes on serving."
            raise type(error)(f"{detail} {error.detail}") from error

    def _request(self, hosted: HostedRuntime) -> EnvironmentRequest:
        folder = ensure_unpacked(self.candidate.ref, self.candidate.digest)
        manifest = manifest_in(folder)
        assert manifest is not None, "it was read before it was kept"
        return environment_request(manifest, folder, definition=hosted.definition, installation=hosted.installation)


def _wish_before(serving: PackVersion, *, definition: RuntimeDefinition) -> tuple[str, str] | None:
    manifest = PackManifest(serving.pack.ref, serving.version, serving.manifest)
    try:
        return wish_of(manifest, ensure_unpacked(manifest.ref, serving.digest), definition=definition)
    except BuildFailed:  # it never had one
        return None


def _used(actions: Sequence[Any]) -> set[str]:
    return {action.runtime for action in actions}
