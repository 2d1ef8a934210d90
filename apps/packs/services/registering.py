"""Makes a version of a pack the one that serves, and takes back what a pack brought: all of it in one transaction."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from apps.core.errors import Conflict
from apps.core.refs import safe_name
from apps.core.signals import happened
from apps.packs import content, uses, versions
from apps.packs.loader import LoadedPack
from apps.packs.locking import lock_pack
from apps.packs.models import SOURCE_CHARS, Pack, PackVersion
from apps.packs.origin import Origin
from apps.runtimes.services import upsert_runtimes

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class RemovedPackRuns(Conflict):
    """The pack of this ref was removed, and something of it still runs."""

    code = "removed_pack_runs"


@transaction.atomic
def register_staged(
    loaded: LoadedPack,
    staged: versions.StagedPack,
    *,
    identity: "Identity | None",
    origin: Origin,
    check: Callable[[], object],
) -> None:
    """Keeps the version and makes it current. `check` is asked under the pack's lock; it raises where it may not be.

    Raises `RemovedPackRuns` besides what `check` and the kinds of content raise.
    """
    manifest = loaded.manifest
    lock_pack(manifest.ref)
    check()
    _forget_removed(manifest.ref)
    versions.keep(staged, manifest.ref)  # under the lock: files that no row knows may be removed without it
    pack, _ = Pack.objects.get_or_create(
        ref=manifest.ref, defaults={"label": manifest.label, "safe_name": safe_name(manifest.ref)}
    )
    version, is_new = PackVersion.objects.get_or_create(
        pack=pack,
        digest=staged.digest,
        defaults={
            "version": manifest.version,
            "manifest": manifest.body,
            "config_schema": loaded.config_schema,
            "size_bytes": staged.size_bytes,
            "file_count": staged.file_count,
            "installed_by": identity,
            "source": origin.text[:SOURCE_CHARS],
            "commit": origin.commit,
            "asked": origin.as_json(),
        },
    )
    if not is_new:
        note_origin(version, origin)
    make_current(version, loaded)


def note_origin(version: PackVersion, origin: Origin) -> None:
    """Where a version that is kept was asked for last, an upgrade asks again; if that is a place to ask. What was made
    through the API stays changed there."""
    if origin.source is None or version.origin.is_ad_hoc or version.origin == origin:
        return
    version.source, version.commit, version.asked = origin.text[:SOURCE_CHARS], origin.commit, origin.as_json()
    version.save(update_fields=["source", "commit", "asked"])


def make_current(version: PackVersion, loaded: LoadedPack) -> None:
    """In the caller's transaction, under the pack's lock. What the version does not bring is gone."""
    manifest = loaded.manifest
    Pack.objects.filter(pk=version.pack_id).update(
        current=version, label=manifest.label, description=manifest.body.get("description", ""), updated_at=Now()
    )
    version.pack.current = version
    for kind in content.kinds():
        kind.write(version, loaded.content[kind.folder])
    for follower in content.followers():
        follower(version)
    tell_change(manifest.ref, "installed", version)


def take_back(version: PackVersion) -> None:
    """In the caller's transaction, under the pack's lock: nothing that the current version brought is there any more.

    Its runtimes stay as long as an execution may still be started in one; `forget_pack` removes them.
    """
    for kind in reversed(content.kinds()):
        if kind.folder != "runtimes" or not uses.held_versions(version.pack.ref):
            kind.write(version, [])
    version.pack.current = None
    for follower in content.followers():
        follower(version)
    Pack.objects.filter(pk=version.pack_id).update(current=None, removed_at=Now(), updated_at=Now())
    tell_change(version.pack.ref, "removed", version)


def forget_pack(pack: Pack) -> None:
    """In the caller's transaction, under the pack's lock: a removed one, to which nothing is pinned."""
    upsert_runtimes(pack.ref, "", [])
    pack.delete()


def tell_change(ref: str, change: str, version: PackVersion) -> None:
    payload = {"change": change, "version": version.version, "digest": version.digest}
    transaction.on_commit(lambda: happened.send(sender=Pack, kind="pack", subject=ref, payload=payload))


def _forget_removed(ref: str) -> None:
    """What is installed under a ref, or a name on disk, that was somebody's before is another pack."""
    removed = Pack.objects.filter(safe_name=safe_name(ref)).exclude(removed_at=None).first()
    if removed is None:
        return
    if uses.held_versions(removed.ref):
        raise RemovedPackRuns(
            f"The pack {removed.ref} was removed, and executions of it still go on; wait for them, or cancel them."
        )
    forget_pack(removed)
