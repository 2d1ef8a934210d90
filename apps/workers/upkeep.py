"""What else workers do to environments when somebody asks: validate and repair, remove, clean up."""

import logging
from dataclasses import replace

from celery import shared_task

from apps.core.database import again_if_given_up, release_connection
from apps.packs.models import Pack
from apps.runner.control import RunControl
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.registry import provider_named, provider_names
from apps.runtimes.models import Environment, Runtime
from apps.runtimes.services import build_settings
from apps.runtimes.services.disk_usage import note_disk_usage
from apps.runtimes.services.validation import validate_environment
from apps.workers.builds import build_wanted, wanted_now
from apps.workers.host import current
from apps.workers.host_commands import commands_of
from apps.workers.volumes import ask_each_volume
from apps.workers.wanted import range_of

logger = logging.getLogger(__name__)

VALIDATE_TASK = "workers.validate_environment"
REMOVE_TASK = "workers.remove_environment"
CLEANUP_TASK = "workers.clean_up_environments"


def request_validations(pack_ref: str, runtime: str, *, repair: bool = False) -> int:
    """Asks one worker on each volume to look at the pack's environment, and to build it anew if it is broken."""
    row = Runtime.objects.filter(name=runtime).first()
    pack = Pack.objects.select_related("current").filter(ref=pack_ref).first()  # it may just have been removed
    wanted = range_of(pack, row.parsed) if row and pack and pack.current else ""
    return ask_each_volume(VALIDATE_TASK, (pack_ref, runtime, repair), runtime=runtime, wanted=wanted)


def request_removals(pack_ref: str, runtime: str) -> int:
    """Asks one worker on each volume to remove the pack's environment. The next run builds it again."""
    return ask_each_volume(REMOVE_TASK, (pack_ref, runtime), runtime=runtime)


def request_cleanups(*, keep_recent: int) -> int:
    """Asks one worker on each volume to remove generations that neither serve nor run nor are among the newest."""
    return ask_each_volume(CLEANUP_TASK, (keep_recent,))


@shared_task(name=VALIDATE_TASK, ignore_result=False)
def validate(pack_ref: str, runtime: str, repair: bool = False) -> None:
    """What is found stands in the environment's row."""
    host, control = current(), RunControl()
    request = again_if_given_up(lambda: wanted_now(pack_ref, runtime, host=host), is_idempotent=True)
    if request is None:
        return
    settings = replace(build_settings(), owner=host.run_as)
    run = commands_of(host, control, settings=settings)
    with host.building(control):
        found = validate_environment(request, settings=settings, run=run)
        if found.is_sound or not repair:
            return
        try:
            build_wanted(request, host=host, control=control, rebuild=bool(found.problems))
            validate_environment(request, settings=settings, run=run)
        except BuildFailed as error:
            logger.warning("%s", error.detail, extra={"pack": pack_ref})


@shared_task(name=REMOVE_TASK, ignore_result=False)
def remove(pack_ref: str, runtime: str) -> None:
    """Generations in which something runs go when that has ended, with a later cleanup."""
    host = current()
    row = Runtime.objects.filter(name=runtime).first()
    if row is None:
        return
    provider = provider_named(row.parsed.environment.provider, build_settings())
    release_connection()
    try:
        with host.building(RunControl()):  # it may have to wait for a builder
            provider.remove_environment(pack_ref=pack_ref, runtime=runtime)
    except BuildFailed as error:
        logger.warning("%s", error.detail, extra={"pack": pack_ref})
        return
    Environment.objects.filter(pack_ref=pack_ref, runtime=runtime, volume_id=host.volume_id).delete()


@shared_task(name=CLEANUP_TASK, ignore_result=False)
def clean_up(keep_recent: int) -> None:
    """Of environments that somebody builds at this moment, nothing is removed."""
    host, settings = current(), build_settings()
    with host.building(RunControl()):
        for name in provider_names():
            for folder in provider_named(name, settings).cleanup(keep_recent=keep_recent):
                logger.info("%s was removed: somebody cleaned up", folder)
        note_disk_usage(settings.envs_dir)
