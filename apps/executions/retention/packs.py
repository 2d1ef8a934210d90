"""Forgets old versions of packs that nothing needs any more."""

from django.conf import settings

from apps.executions.models import Execution
from apps.packs.retention import Needed, collect_versions


def collect_pack_versions() -> int:
    """All but the newest `ATTUNE_RETENTION_PACK_VERSIONS` of each pack, the current one, and those that executions run
    or will run. Returns how many were forgotten."""
    return collect_versions(keep_newest=settings.ATTUNE_RETENTION_PACK_VERSIONS, needed=_needed)


def _needed() -> Needed:
    """An execution is pinned to its version until it has ended; a rerun takes the current one."""
    return set(Execution.objects.live().order_by().values_list("pack_ref", "pack_digest").distinct())
