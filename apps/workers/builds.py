"""Builds environments on the worker that will use them: before a run that needs one, or because somebody asked."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from celery import current_app, shared_task

from apps.core.redis import RedisAway, guarded
from apps.packs.models import Pack
from apps.runner.control import RunControl
from apps.runtimes.environments.errors import BuildFailed, NoSuchGeneration
from apps.runtimes.environments.layout import BASE
from apps.runtimes.environments.lookup import find, is_current
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import EnvironmentOnDisk, EnvironmentRequest
from apps.runtimes.models import Environment, Runtime
from apps.runtimes.services import (
    build_environment,
    build_settings,
    mark_outdated,
    release_builds,
    request_environment,
)
from apps.runtimes.services.rollback import rollback_environment
from apps.workers.choosing import fits
from apps.workers.commands import WardenCommands
from apps.workers.host import Host, HostedRuntime, RuntimeNotHere, current
from apps.workers.models import Worker
from apps.workers.queues import build_queue
from apps.workers.wanted import has_dependencies, range_of, runtime_for, wanted_environment

logger = logging.getLogger(__name__)

BUILD_TASK = "workers.build"
ROLLBACK_TASK = "workers.rollback"
#: Complete generations that stay beside the one that serves, to go back to.
KEEP_RECENT = 3


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
    wanted = wanted_environment(pack_ref, pack_digest, runtime)
    found = _find(wanted.request)
    if found is not None and is_current(found, wanted.fingerprint):
        return found
    on_build()
    return _build(wanted.request, host=host, control=control).folder


def _find(request: EnvironmentRequest) -> Path | None:
    return find(
        build_settings().envs_dir,
        pack_ref=request.pack_ref,
        runtime=request.runtime.name,
        needs_environment=request.needs_environment,
    )


def _build(request: EnvironmentRequest, *, host: Host, control: RunControl, rebuild: bool = False) -> EnvironmentOnDisk:
    settings = replace(build_settings(), owner=host.run_as)
    run = WardenCommands(host.warden, control, work_root=host.work_root, run_as=host.run_as)
    built = build_environment(request, settings=settings, worker=host.name, run=run, rebuild=rebuild)
    provider_named(request.runtime.environment.provider, settings).cleanup(keep_recent=KEEP_RECENT)
    return built


def request_builds(pack_ref: str, runtime: str, *, rebuild: bool = False) -> int:
    """Asks one worker on each volume to build the pack's environment; returns how many were asked.

    Best effort: with no worker there, or Redis away, it is built before the first run that needs it.
    """
    row = Runtime.objects.filter(name=runtime).first()
    pack = Pack.objects.select_related("current").filter(ref=pack_ref).first()
    if row is None or pack is None or pack.current is None or not row.parsed.has_environments:
        return 0
    is_own = has_dependencies(pack_ref, pack.current.digest, row.parsed)

    def note(volume_id: str) -> None:
        if is_own:
            request_environment(pack_ref=pack_ref, runtime=runtime, volume_id=volume_id)

    wanted = range_of(pack, row.parsed)
    return _ask_each_volume(runtime, BUILD_TASK, (pack_ref, runtime, rebuild), wanted=wanted, note=note)


def request_rollbacks(pack_ref: str, runtime: str) -> int:
    """Asks one worker on each volume to let the generation before the one that serves serve again."""
    return _ask_each_volume(runtime, ROLLBACK_TASK, (pack_ref, runtime))


def _ask_each_volume(
    runtime: str,
    task: str,
    arguments: tuple[object, ...],
    *,
    wanted: str = "",
    note: Callable[[str], None] = lambda _: None,
) -> int:
    asked: set[str] = set()
    for worker in Worker.objects.taking():
        queue = build_queue(worker.pool, runtime)
        if queue not in worker.queues or worker.volume_id in asked or not fits(worker.runtimes, runtime, wanted):
            continue
        try:
            with guarded():
                note(worker.volume_id)
                current_app.send_task(task, arguments, queue=queue, retry=False)
        except RedisAway:
            logger.info("%s was not asked for: Redis is away", task)
            break
        asked.add(worker.volume_id)
    return len(asked)


def look_after_environments(host: Host) -> None:
    """When a worker starts: what its earlier self was building waits again, and what no longer fits is built anew.

    An interpreter that was moved or upgraded is noticed here. The old generation serves until the new one is complete.
    """
    release_builds(host.name)
    rows = Environment.objects.filter(volume_id=host.volume_id).exclude(pack_ref=BASE)
    packs = Pack.objects.select_related("current").in_bulk([row.pack_ref for row in rows], field_name="ref")
    for row in rows:
        pack = packs.get(row.pack_ref)
        if pack is None or pack.current is None:
            continue
        try:
            hosted = runtime_for(pack, row.runtime, host=host)
            wanted = wanted_environment(pack.ref, pack.current.digest, hosted)
        except RuntimeNotHere:
            continue
        found = _find(wanted.request)
        if found is None or not is_current(found, wanted.fingerprint):
            mark_outdated(pack_ref=row.pack_ref, runtime=row.runtime, volume_id=row.volume_id)
            request_builds(row.pack_ref, row.runtime)


@shared_task(name=BUILD_TASK, ignore_result=False)
def build(pack_ref: str, runtime: str, rebuild: bool = False) -> None:
    """Builds what the current version of a pack wants; a failure is told by the environment's row and log."""
    host = current()
    pack = Pack.objects.select_related("current").filter(ref=pack_ref).first()
    if pack is None or pack.current is None:
        return
    hosted = runtime_for(pack, runtime, host=host)
    if not hosted.definition.has_environments:
        return
    wanted = wanted_environment(pack_ref, pack.current.digest, hosted)
    control = RunControl()
    try:
        with host.building(control):
            _build(wanted.request, host=host, control=control, rebuild=rebuild)
    except BuildFailed as error:
        logger.warning("%s", error.detail, extra={"pack": pack_ref})


@shared_task(name=ROLLBACK_TASK, ignore_result=False)
def rollback(pack_ref: str, runtime: str) -> None:
    """Lets the generation before the one that serves serve again."""
    host = current()
    hosted = host.runtime(runtime)
    try:
        with host.building(RunControl()):  # it may have to wait for one
            rollback_environment(hosted.definition, pack_ref=pack_ref, settings=build_settings())
    except NoSuchGeneration as error:
        logger.warning("%s", error.detail, extra={"pack": pack_ref})
