"""Removes from a worker's own host what nothing needs any more: old versions of packs, and environments."""

import logging

from apps.packs.models import Pack
from apps.packs.retention import collect_unpacked
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.layout import BASE
from apps.runtimes.environments.provider import EnvironmentProvider
from apps.runtimes.environments.registry import provider_named, provider_names
from apps.runtimes.models import Environment
from apps.runtimes.services import build_settings
from apps.runtimes.services.disk_usage import note_disk_usage
from apps.workers.builds import KEEP_RECENT
from apps.workers.host import Host

logger = logging.getLogger(__name__)


def tidy_host(host: Host) -> None:
    """Any worker of a host, or of a volume, may do it at any time: what runs holds what it needs."""
    if removed := collect_unpacked():
        logger.info("%d old versions of packs were removed from this host", removed)
    for name in provider_names():
        _tidy(provider_named(name, build_settings()), host=host)
    note_disk_usage(build_settings().envs_dir)


def _tidy(provider: EnvironmentProvider, *, host: Host) -> None:
    for found in provider.list_environments():
        facts = found.metadata
        # Looked up after it was listed: its pack was there before it.
        if facts.pack_ref != BASE and not Pack.objects.filter(ref=facts.pack_ref).exists():
            _remove(provider, facts.pack_ref, facts.runtime, host=host)
    for folder in provider.cleanup(keep_recent=KEEP_RECENT):
        logger.info("%s was removed: newer ones are there", folder)


def _remove(provider: EnvironmentProvider, pack_ref: str, runtime: str, *, host: Host) -> None:
    try:
        provider.remove_environment(pack_ref=pack_ref, runtime=runtime)
    except BuildFailed:  # somebody is at work there
        return
    Environment.objects.filter(pack_ref=pack_ref, runtime=runtime, volume_id=host.volume_id).delete()
    logger.info("the environment %s/%s was removed: there is no such pack", pack_ref, runtime)
