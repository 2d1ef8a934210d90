"""Builds environments on the worker that will use them: right before a run that needs one, or because somebody
asked."""

import logging
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from celery import current_app, shared_task

from apps.core.redis import RedisAway, guarded
from apps.packs.manifest import PackManifest
from apps.packs.models import Pack, PackVersion
from apps.packs.versions import ensure_unpacked
from apps.runner import process
from apps.runner.control import RunControl
from apps.runner.outcome import Ended, RunResult
from apps.runner.output import LogChunk
from apps.runner.spec import RunSpec
from apps.runner.warden_client import Warden
from apps.runtimes.environments.errors import BuildFailed, NoSuchGeneration
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.lookup import find, is_current
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import CommandTimedOut, EnvironmentRequest
from apps.runtimes.services import build_environment, build_settings
from apps.runtimes.services.rollback import rollback_environment
from apps.workers.host import Host, HostedRuntime, current, work_root
from apps.workers.models import Worker
from apps.workers.queues import build_queue

logger = logging.getLogger(__name__)

BUILD_TASK = "workers.build"
ROLLBACK_TASK = "workers.rollback"


@dataclass(frozen=True)
class _Wanted:
    """What a version of a pack needs of one runtime, and its hash."""

    request: EnvironmentRequest
    fingerprint: str


def environment_for(
    pack_ref: str,
    pack_digest: str,
    runtime: HostedRuntime,
    *,
    host: Host,
    control: RunControl,
    on_build: Callable[[], None] = lambda: None,
) -> Path | None:
    """The folder of the environment an action starts in, built first if it is missing or of other dependencies.

    None for a runtime without environments. One readlink and one stat when all is well. `on_build` is told before a
    build; `control` stops it. Raises `BuildFailed`.
    """
    if not runtime.definition.has_environments:
        return None
    wanted = _wanted(pack_ref, pack_digest, runtime)
    found = _find(wanted.request)
    if found is not None and is_current(found, wanted.fingerprint):
        return found
    on_build()
    built = build_environment(
        wanted.request, settings=build_settings(), worker=host.name, run=WardenCommands(host.warden, control)
    )
    return built.folder


def _find(request: EnvironmentRequest) -> Path | None:
    return find(
        build_settings().envs_dir,
        pack_ref=request.pack_ref,
        runtime=request.runtime.name,
        needs_environment=request.needs_environment,
    )


@lru_cache(maxsize=1024)
def _wanted(pack_ref: str, pack_digest: str, runtime: HostedRuntime) -> _Wanted:
    """Versions of packs never change, so this is worked out once for each."""
    definition = runtime.definition
    folder = ensure_unpacked(pack_ref, pack_digest)
    version = PackVersion.objects.get(pack__ref=pack_ref, digest=pack_digest)
    manifest = PackManifest(pack_ref, version.version, version.manifest)
    request = EnvironmentRequest(
        pack_ref=pack_ref,
        pack_dir=folder,
        runtime=definition,
        installation=runtime.installation,
        dependencies=manifest.python_dependencies if definition.name == "python" else (),
        manifest=_content(folder, definition.environment.manifest),
        lock=_content(folder, definition.environment.lock),
    )
    provider = provider_named(definition.environment.provider, build_settings())
    assert isinstance(provider, GenerationProvider)
    return _Wanted(request, provider.fingerprint(request))


def _content(folder: Path, name: str | None) -> bytes | None:
    path = folder / name if name else None
    return path.read_bytes() if path is not None and path.is_file() else None


class WardenCommands:
    """Runs the commands of a build through the worker's warden, so that nothing outlives the worker."""

    def __init__(self, warden: Warden, control: RunControl) -> None:
        self._warden = warden
        self._control = control

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float,
        output: Callable[[bytes], None],
    ) -> int:
        def on_output(chunk: LogChunk) -> None:
            output(chunk.data)

        spec = RunSpec(
            name=f"build-{uuid.uuid4().hex}",
            argv=tuple(argv),
            env=env,
            work_root=work_root(),
            timeout_s=timeout_s,
            kill_on_silence=True,
        )
        with tempfile.TemporaryDirectory(prefix="attune-build-") as log_dir:
            result = process.run(
                spec, warden=self._warden, log_dir=Path(log_dir), control=self._control, on_output=on_output
            )
        return _exit_code(result)


def _exit_code(result: RunResult) -> int:
    if result.ended is Ended.TIMEOUT:
        raise CommandTimedOut
    if result.ended is Ended.SPAWN_FAILED:
        raise OSError(result.errno or 0, result.spawn_error)
    if result.ended in (Ended.STOPPED, Ended.LOST):
        raise BuildFailed("The build was stopped.")
    return -(result.signal or 0) if result.ended is Ended.SIGNALED else result.exit_code or 0


def request_builds(pack_ref: str, runtime: str, *, rebuild: bool = False) -> int:
    """Asks one worker on each volume to build the pack's environment; returns how many were asked.

    Best effort: with no worker there, or Redis away, it is built before the first run that needs it.
    """
    return _ask_each_volume(runtime, BUILD_TASK, (pack_ref, runtime, rebuild))


def request_rollbacks(pack_ref: str, runtime: str) -> int:
    """Asks one worker on each volume to let the generation before the one that serves serve again."""
    return _ask_each_volume(runtime, ROLLBACK_TASK, (pack_ref, runtime))


def _ask_each_volume(runtime: str, task: str, arguments: tuple[object, ...]) -> int:
    asked: set[str] = set()
    for worker in Worker.objects.filter(status=Worker.Status.ACTIVE):
        queue = build_queue(worker.pool, runtime)
        if queue not in worker.queues or worker.volume_id in asked:
            continue
        try:
            with guarded():
                current_app.send_task(task, arguments, queue=queue, retry=False)
        except RedisAway:
            logger.info("%s was not asked for: Redis is away", task)
            break
        asked.add(worker.volume_id)
    return len(asked)


@shared_task(name=BUILD_TASK, ignore_result=False)
def build(pack_ref: str, runtime: str, rebuild: bool = False) -> None:
    """Builds what the current version of a pack needs; a failure is told by the environment's row and log."""
    host = current()
    pack = Pack.objects.select_related("current").filter(ref=pack_ref).first()
    if pack is None or pack.current is None:
        return
    hosted = host.runtime(runtime)
    if not hosted.definition.has_environments:
        return
    wanted = _wanted(pack_ref, pack.current.digest, hosted)
    run = WardenCommands(host.warden, RunControl())
    try:
        build_environment(wanted.request, settings=build_settings(), worker=host.name, run=run, rebuild=rebuild)
    except BuildFailed as error:
        logger.warning("%s", error.detail, extra={"pack": pack_ref})


@shared_task(name=ROLLBACK_TASK, ignore_result=False)
def rollback(pack_ref: str, runtime: str) -> None:
    """Lets the generation before the one that serves serve again."""
    hosted = current().runtime(runtime)
    try:
        rollback_environment(hosted.definition, pack_ref=pack_ref, settings=build_settings())
    except NoSuchGeneration as error:
        logger.warning("%s", error.detail, extra={"pack": pack_ref})
