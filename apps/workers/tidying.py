"""Removes from a worker's own host what nothing needs any more: old versions of packs, and environments."""

import logging
from contextlib import suppress

from apps.packs.models import Pack
from apps.packs.retention import collect_unpacked
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.layout import BASE
from apps.runtimes.environments.provider import EnvironmentProvider
from apps.runtimes.environments.registry import provider_named, provider_names
from apps.runtimes.models import Environment
from apps.runtimes.services import build_settings
from apps.workers.builds import KEEP_RECENT
from apps.workers.host import Host

logger = logging.getLogger(__name__)


def tidy_host(host: Host) -> None:
    """Any worker of a host, or of a volume, may do it at any time: what runs holds what it needs."""
    if removed := collect_unpacked():
        logger.info("%d old versions of packs were removed from this host", removed)
    packs = set(Pack.objects.values_list("ref", flat=True))
    for name in provider_names():
        _tidy(provider_named(name, build_settings()), host=host, packs=packs)


def _tidy(provider: EnvironmentProvider, *, host: Host, packs: set[str]) -> None:
    for found in provider.list_environments():
        facts = found.metadata
        if facts.pack_ref not in packs and facts.pack_ref != BASE:
            with suppress(BuildFailed):  # somebody is at work there
                provider.remove_environment(pack_ref=facts.pack_ref, runtime=facts.runtime)
            gone = Environment.objects.filter(pack_ref=facts.pack_ref, runtime=facts.runtime)
            gone.filter(volume_id=host.volume_id).delete()
            logger.info("the environment %s/%s was removed: there is no such pack", facts.pack_ref, facts.runtime)
    for folder in provider.cleanup(keep_recent=KEEP_RECENT):
        logger.info("%s was removed: newer ones are there", folder)
