"""Forgets old versions of packs: first their rows, then whatever files no row knows, on each host its own.

A file without a row is found again and again, so nothing is left by a crash between the two.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.packs.locking import lock_pack
from apps.packs.models import Pack, PackVersion
from apps.packs.services.registering import forget_pack
from apps.packs.staging import discard
from apps.packs.versions import ARCHIVES, archive_name
from apps.runtimes.models import Runtime

logger = logging.getLogger(__name__)

#: What was installed or switched a moment ago may be needed by who has not committed yet.
_SPARED = timedelta(hours=1)

#: Refs of packs and digests of their versions.
Needed = Collection[tuple[str, str]]


def collect_versions(*, keep_newest: int, needed: Callable[[], Needed]) -> int:
    """Forgets all versions but the newest `keep_newest` of each pack, its current one, those that brought a runtime,
    and what is `needed`; of removed packs all when none is. Returns how many. Any number of processes may do it."""
    removed = 0
    for pack in Pack.objects.filter(updated_at__lt=Now() - _SPARED):
        if pack.removed_at is not None:
            removed += _forget_removed(pack, needed=needed)
        elif pack.versions.count() > keep_newest:
            removed += _forget_old(pack, keep_newest=keep_newest, needed=needed)
    return removed


@transaction.atomic(durable=True)
def _forget_removed(pack: Pack, *, needed: Callable[[], Needed]) -> int:
    """All of a removed pack, once nothing is pinned to a version of it."""
    lock_pack(pack.ref)
    found = Pack.objects.filter(pk=pack.pk).exclude(removed_at=None).first()
    if found is None or any(ref == pack.ref for ref, _ in needed()):
        return 0
    count = found.versions.count()
    logger.info("the removed pack %s is forgotten", pack.ref)
    forget_pack(found)
    return count


@transaction.atomic(durable=True)
def _forget_old(pack: Pack, *, keep_newest: int, needed: Callable[[], Needed]) -> int:
    lock_pack(pack.ref)
    current = Pack.objects.values_list("current", flat=True).get(pk=pack.pk)
    old = list(pack.versions.order_by("-pk")[keep_newest:])
    kept = {digest for ref, digest in needed() if ref == pack.ref}
    kept |= set(Runtime.objects.filter(pack_ref=pack.ref).values_list("pack_digest", flat=True))
    forgotten = [version for version in old if version.pk != current and version.digest not in kept]
    for version in forgotten:
        logger.info("%s is forgotten", version)
    PackVersion.objects.filter(pk__in=[version.pk for version in forgotten]).delete()
    return len(forgotten)


def collect_pack_files() -> int:
    """Removes archives, and what is unpacked on this host, of versions that nobody knows. Returns how many."""
    return _collect_archives() + collect_unpacked()


def collect_unpacked() -> int:
    """Only what is unpacked on this host; nothing where its folder may only be read."""
    removed = 0
    for folder in _unpacked():
        if _is_old(folder) and not _is_known(folder.parent.name, digest__startswith=folder.name):
            with suppress(OSError):  # it may only be read here: whoever may write to it removes it
                discard(folder)
            removed += not folder.is_dir()
    return removed


def _unpacked() -> Iterator[Path]:
    root = Path(settings.ATTUNE_PACKS_DIR)
    for pack in sorted(root.glob("[!.]*/")):
        yield from (folder for folder in sorted(pack.iterdir()) if folder.is_dir() and not folder.name.startswith("."))


def _is_old(folder: Path) -> bool:
    """By the time of its renaming: what lies in it is as old as it likes."""
    try:
        return folder.stat().st_ctime < time.time() - _SPARED.total_seconds()
    except OSError:
        return False


def _is_known(safe_name: str, **version: str) -> bool:
    return PackVersion.objects.filter(pack__safe_name=safe_name, **version).exists()


def _collect_archives() -> int:
    if not default_storage.exists(ARCHIVES):
        return 0
    removed = 0
    for pack in default_storage.listdir(ARCHIVES)[0]:
        for name in default_storage.listdir(f"{ARCHIVES}/{pack}")[1]:
            removed += _remove_unknown(pack, name)
    return removed


@transaction.atomic(durable=True)
def _remove_unknown(pack: str, name: str) -> bool:
    """Under the lock under which an installation makes sure of its archive. Unfinished ones are known to nobody."""
    digest = name.partition(".")[0]
    path = f"{ARCHIVES}/{pack}/{name}"
    lock_pack(pack)
    if path == archive_name(pack, digest) and _is_known(pack, digest=digest):
        return False
    try:
        if default_storage.get_modified_time(path) > timezone.now() - _SPARED:
            return False
        default_storage.delete(path)
    except FileNotFoundError:  # another process was faster
        return False
    return True
