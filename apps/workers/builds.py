"""Builds environments on the worker that will use them: before a run that needs one, or because somebody asked."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from celery import shared_task

from apps.core.database import again_if_given_up
from apps.packs.models import Pack
from apps.runner.control import RunControl
from apps.runtimes.environments.errors import BuildFailed, NoSuchGeneration
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.layout import BASE
from apps.runtimes.environments.lookup import find, is_current, serves_meanwhile
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import EnvironmentOnDisk, EnvironmentRequest, Log
from apps.runtimes.models import Environment, Runtime
from apps.runtimes.services import (
    build_environment,
    build_settings,
    mark_outdated,
    release_builds,
    request_environment,
)
from apps.runtimes.services.disk_usage import note_disk_usage
from apps.runtimes.services.rollback import rollback_environment
from apps.workers.host import Host, HostedRuntime, RuntimeNotHere, current
from apps.workers.host_commands import commands_of
from apps.workers.volumes import ask_each_volume
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

    None for a runtime without environments. One readlink and one stat when all is well. Where nothing but the
    interpreter was upgraded or moved, the old one serves until a new one is built beside it. `on_build` is told before
    a build; `control` stops it. Raises `BuildFailed`.
    """
    if not runtime.definition.has_environments:
        return None
    wanted = wanted_environment(pack_ref, pack_digest, runtime)
    found = _find(wanted.request)
    if found is not None and is_current(found, wanted.fingerprint):
        return found
    if found is not None and serves_meanwhile(found, wanted.request.installation, wanted.content_hash):
        _ask_for_a_new_one(wanted.request, host=host)
        return found
    on_build()
    return build_wanted(wanted.request, host=host, control=control).folder


def _ask_for_a_new_one(request: EnvironmentRequest, *, host: Host) -> None:
    """Once: a build that fails is tried again when the worker starts, or when somebody asks."""
    pack_ref = request.pack_ref if request.needs_environment else BASE
    if mark_outdated(pack_ref=pack_ref, runtime=request.runtime.name, volume_id=host.volume_id):
        request_builds(request.pack_ref, request.runtime.name)


def _find(request: EnvironmentRequest) -> Path | None:
    return find(
        build_settings().envs_dir,
        pack_ref=request.pack_ref,
        runtime=request.runtime.name,
        needs_environment=request.needs_environment,
    )


def build_wanted(
    request: EnvironmentRequest, *, host: Host, control: RunControl, rebuild: bool = False
) -> EnvironmentOnDisk:
    """What serves from now on. Where something was built, old generations go. Raises `BuildFailed`."""
    settings = replace(build_settings(), owner=host.run_as)
    run = commands_of(host, control, settings=settings)
    before = _find(request)
    built = build_environment(request, settings=settings, worker=host.name, run=run, rebuild=rebuild)
    if built.folder != before:
        provider_named(request.runtime.environment.provider, settings).cleanup(keep_recent=KEEP_RECENT)
        note_disk_usage(settings.envs_dir)
    return built


def prepare_wanted(request: EnvironmentRequest, *, host: Host, control: RunControl, log: Log) -> None:
    """Builds what is requested, if it is not there, and lets it serve nobody yet. Raises `BuildFailed`."""
    settings = replace(build_settings(), owner=host.run_as)
    provider = provider_named(request.runtime.environment.provider, settings)
    assert isinstance(provider, GenerationProvider)
    provider.prepare_environment(request, run=commands_of(host, control, settings=settings), log=log)


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
    return ask_each_volume(BUILD_TASK, (pack_ref, runtime, rebuild), runtime=runtime, wanted=wanted, note=note)


def request_rollbacks(pack_ref: str, runtime: str) -> int:
    """Asks one worker on each volume to let the generation before the one that serves serve again."""
    return ask_each_volume(ROLLBACK_TASK, (pack_ref, runtime), runtime=runtime)


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
    host, control = current(), RunControl()
    request = again_if_given_up(lambda: wanted_now(pack_ref, runtime, host=host), is_idempotent=True)
    if request is None:
        return
    try:
        with host.building(control):
            build_wanted(request, host=host, control=control, rebuild=rebuild)
    except BuildFailed as error:
        logger.warning("%s", error.detail, extra={"pack": pack_ref})


def wanted_now(pack_ref: str, runtime: str, *, host: Host) -> EnvironmentRequest | None:
    """What the pack's current version wants; None for a pack that is gone, and a runtime without environments."""
    pack = Pack.objects.select_related("current").filter(ref=pack_ref).first()
    if pack is None or pack.current is None:
        return None
    hosted = runtime_for(pack, runtime, host=host)
    if not hosted.definition.has_environments:
        return None
    return wanted_environment(pack_ref, pack.current.digest, hosted).request


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
