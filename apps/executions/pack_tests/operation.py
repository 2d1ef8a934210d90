"""The operation `pack_test`: the tests of a pack's current version, run by a worker, where its environments are."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.accounts.permissions import Verb, require
from apps.actions.models import Action
from apps.core.errors import Conflict, Forbidden
from apps.core.repeating import Repeating
from apps.core.types import JsonObject
from apps.executions.pack_tests.plan import TestProgram, plan_tests
from apps.executions.pack_tests.running import TestsOfPack, failure_of
from apps.operations.models import Operation
from apps.operations.pieces import ALIVE_EVERY_S, Pieces
from apps.operations.progress import Progress
from apps.operations.services import request_operation
from apps.packs.manifest import PackManifest
from apps.packs.models import Pack, PackVersion
from apps.packs.services.manage import get_pack
from apps.packs.services.rollback import NoSuchVersion
from apps.packs.versions import ensure_unpacked
from apps.runner.control import RunControl
from apps.runner.output import LogChunk
from apps.runner.spec import RunAs
from apps.runner.warden_client import Warden
from apps.runtimes.environments import locks
from apps.runtimes.environments.errors import EnvironmentGone
from apps.runtimes.ranges import minor_of, range_of
from apps.runtimes.services import known_runtimes
from apps.workers.builds import environment_for
from apps.workers.choosing import fits
from apps.workers.host import Host, HostedRuntime, current
from apps.workers.models import Worker
from apps.workers.queues import BUILD, build_queue, run_queue

if TYPE_CHECKING:
    from apps.accounts.models import Identity

TEST = "pack_test"


class NoWorker(Conflict):
    """No active worker can do this now."""

    code = "no_worker"


def request_tests(identity: "Identity", ref: str) -> Operation:
    """Of the version that serves. Raises `UnknownPack`, `Forbidden`, `NoTests` and `NoWorker`."""
    pack = get_pack(identity, ref)
    require(identity, Verb.PACK_MANAGE, on=pack)
    if pack.current is None:
        raise Conflict(f"No version of {ref} is installed.")
    runtimes = _runtimes_of(pack.current)
    wish: JsonObject = {"ref": ref, "digest": pack.current.digest, "runtimes": runtimes}
    if queue_of(wish) is None:
        needed = ", ".join(f"{name} {wanted}".rstrip() for name, wanted in runtimes.items()) or "any runtime"
        raise NoWorker(f"No active worker has {needed}, so nothing can run the tests of {ref} now.")
    return request_operation(identity, kind=TEST, subject=ref, operation_input=wish)


def queue_of(wish: JsonObject) -> str | None:
    """The queue of the worker that has most of the runtimes, by the one that fewest workers have; None: nobody."""
    workers, asked = list(Worker.objects.taking()), wish["runtimes"]
    serving = {worker: [name for name in asked if _serves(worker, name, asked[name])] for worker in workers}
    best = max(workers, key=lambda worker: len(serving[worker]), default=None)
    if best is None:
        return None
    if not asked:
        return next((queue for queue in best.queues if queue.startswith(f"{BUILD}.")), None)
    rarest = min(serving[best], key=lambda name: sum(name in names for names in serving.values()), default=None)
    return None if rarest is None else _queue(best, rarest, asked[rarest])


def _serves(worker: Worker, runtime: str, wanted: str) -> bool:
    return build_queue(worker.pool, runtime) in worker.queues and fits(worker.runtimes, runtime, wanted)


def _queue(worker: Worker, runtime: str, wanted: str) -> str:
    """Only those with the version listen to the queue of a version."""
    if not wanted:
        return build_queue(worker.pool, runtime)
    versions, wishes = (item["version"] for item in worker.runtimes[runtime]), range_of(wanted)
    version = next(item for item in versions if item in wishes)
    return run_queue(worker.pool, runtime, version if wishes.is_fine else minor_of(version))


def test(wish: JsonObject, progress: Progress) -> JsonObject:
    """On a worker: runs them and returns the report. May be started again.

    Raises `TestsFailed` with the report, `UnknownPack`, `Forbidden`, and `NoSuchVersion` where it went meanwhile.
    """
    if progress.requested_by is None:
        raise Forbidden("Who asked for this is gone.", verb=Verb.PACK_MANAGE.value)
    pack = get_pack(progress.requested_by, wish["ref"])
    require(progress.requested_by, Verb.PACK_MANAGE, on=pack)
    version = _version_of(pack, wish["digest"])
    programs, control = _plan(version), RunControl()
    told, ground = _Told(progress, len(programs)), _Worker(current(), version, control)
    alive = Repeating("tests", progress.give_sign, every_s=ALIVE_EVERY_S)
    with ground.host.building(control):
        alive.start()
        try:
            folder = ensure_unpacked(pack.ref, version.digest)
            report = TestsOfPack(folder, programs, ground, control, say=told.begin, output=told.output).report()
        finally:
            alive.stop()
            told.flush()
    if failure := failure_of(pack.ref, report):
        raise failure
    return {"ref": pack.ref, "version": version.version, **report}


def _version_of(pack: Pack, digest: str) -> PackVersion:
    version = PackVersion.objects.select_related("pack").filter(pack=pack, digest=digest).first()
    if version is None:
        raise NoSuchVersion(
            f"The version of {pack.ref} that was to be tested ({digest[:12]}) was removed meanwhile; "
            "ask again to test what serves now."
        )
    return version


def versions_under_test() -> set[tuple[str, str]]:
    """Ref and digest of each version whose tests are still to end: they need its files."""
    unfinished = Operation.objects.filter(kind=TEST, status__in=(Operation.Status.PENDING, Operation.Status.RUNNING))
    return {(row["ref"], row["digest"]) for row in unfinished.values_list("input", flat=True)}


def _runtimes_of(version: PackVersion) -> dict[str, str]:
    """`{runtime: range of versions}` that its tests need."""
    manifest, known = _manifest_of(version), {item.name: item for item in known_runtimes()}
    names = dict.fromkeys(name for program in _plan(version) for name in program.runtimes)
    return {name: manifest.range_for(known[name]) for name in names}


def _manifest_of(version: PackVersion) -> PackManifest:
    return PackManifest(version.pack.ref, version.version, version.manifest)


def _plan(version: PackVersion) -> Sequence[TestProgram]:
    used = Action.objects.filter(pack=version.pack).order_by("runtime").values_list("runtime", flat=True).distinct()
    folder = ensure_unpacked(version.pack.ref, version.digest)
    return plan_tests(_manifest_of(version), folder, known=known_runtimes(), used=list(used))


@dataclass(frozen=True)
class _Worker:
    """A worker as the ground of tests."""

    host: Host
    version: PackVersion
    control: RunControl

    @property
    def warden(self) -> Warden:
        return self.host.warden

    @property
    def work_root(self) -> Path:
        return self.host.work_root

    @property
    def run_as(self) -> RunAs | None:
        return self.host.run_as

    def runtime(self, name: str) -> HostedRuntime:
        definition = self.host.runtime(name).definition
        return self.host.runtime(name, _manifest_of(self.version).range_for(definition))

    def environment(self, runtime: HostedRuntime, held: ExitStack) -> Path | None:
        for is_last in (False, False, True):
            folder = environment_for(
                self.version.pack.ref, self.version.digest, runtime, host=self.host, control=self.control
            )
            if folder is None:
                return None
            try:
                held.enter_context(locks.hold(folder))
            except EnvironmentGone:  # replaced between the look and the lock
                if is_last:
                    raise
                continue
            return folder
        raise AssertionError


class _Told:
    """What tests say, in the operation's log; each program is a step."""

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress = progress
        self._count = count
        self._begun = 0
        self._said = Pieces(progress)

    def begin(self, name: str) -> None:
        self.flush()
        self._progress.step(name, percent=100 * self._begun // self._count)
        self._begun += 1

    def output(self, chunk: LogChunk) -> None:
        self._said.write(chunk.data)

    def flush(self) -> None:
        self._said.flush()
