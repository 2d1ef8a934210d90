"""Forgets old versions of packs that nothing needs any more."""

from django.conf import settings

from apps.executions.models import Execution
from apps.executions.pack_tests.operation import versions_under_test
from apps.packs.retention import Needed, collect_versions


def collect_pack_versions() -> int:
    """All but the newest `ATTUNE_RETENTION_PACK_VERSIONS` of each pack, the current one, and those that executions run
    or will run, or whose tests do. Returns how many were forgotten."""
    return collect_versions(keep_newest=settings.ATTUNE_RETENTION_PACK_VERSIONS, needed=_needed)


def _needed() -> Needed:
    """An execution is pinned to its version until it has ended; a rerun takes the current one."""
    pinned = set(Execution.objects.live().order_by().values_list("pack_ref", "pack_digest").distinct())
    return pinned | versions_under_test()
