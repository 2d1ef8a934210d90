"""Lets an earlier version of a pack serve again: its files, what they say, and the environments they need."""

from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.permissions import Verb, require
from apps.core.errors import Conflict
from apps.packs import content
from apps.packs.loader import load_pack
from apps.packs.locking import lock_pack
from apps.packs.models import Pack, PackVersion
from apps.packs.role_files import require_roles_of
from apps.packs.services.changes import Change, Overtaken, refuse_lost_runtimes
from apps.packs.services.install import Installed
from apps.packs.services.needed import refuse_breaking, require_needed
from apps.packs.services.registering import make_current
from apps.packs.versions import ensure_unpacked, telling_no_room

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Of a digest, what is enough to name a version: the name of its folder.
_SHORTEST_DIGEST = 12


class NoSuchVersion(Conflict):
    """No such version of the pack is kept."""

    code = "no_such_version"


def version_to_serve(pack: Pack, wanted: str = "") -> PackVersion:
    """`wanted` is a version or (the first twelve characters of) a digest; without, the one installed before what
    serves. `current` must be loaded. Raises `NoSuchVersion`."""
    rows, serves = pack.versions.order_by("-pk"), pack.current_id or 0
    if wanted:
        found = rows.filter(version=wanted).first()
        if found is None and len(wanted) >= _SHORTEST_DIGEST:
            found = rows.filter(digest__startswith=wanted).first()
    else:
        found = rows.filter(pk__lt=serves).first()
    if found is None:
        known = ", ".join(f"{row.version} ({row.digest[:12]})" for row in rows.exclude(pk=serves)[:10])
        which = wanted or "earlier version"
        raise NoSuchVersion(f"{pack.ref} has no {which} to go back to; kept are {known or 'none'}.")
    found.pack = pack
    return found


def roll_back(identity: "Identity", *, pack: Pack, version: PackVersion, force: bool = False) -> Installed:
    """`version` serves from now on; environments it needs are switched back to, or built where they are gone.

    Raises `Forbidden`, `PackInvalid` (today's Attune, or other packs, do not take it any more), `DependencyMissing`,
    `Overtaken`, and `InUse` with the packs that need a newer one, or a runtime of it, unless `force` is set. Then what
    served goes on serving.
    """
    require(identity, Verb.PACK_INSTALL)
    with telling_no_room():
        loaded = load_pack(ensure_unpacked(pack.ref, version.digest))
    require_roles_of(identity, loaded)
    require_needed(loaded.manifest)
    with transaction.atomic():
        lock_pack(pack.ref)
        now = Pack.objects.installed().filter(pk=pack.pk, versions=version.pk).values_list("current", flat=True).first()
        if now != pack.current_id:
            raise Overtaken(f"An installation of {pack.ref} was faster. Look, and ask again.")
        if now != version.pk:
            if not force:
                refuse_breaking(pack.ref, version=version.version)
                refuse_lost_runtimes(loaded)
            make_current(version, loaded)
    change = Change.UNCHANGED if now == version.pk else Change.ROLLED_BACK
    counts = {kind.folder: len(loaded.content[kind.folder]) for kind in content.kinds() if loaded.content[kind.folder]}
    return Installed(pack.ref, version.version, version.digest, change, counts, version.source, version.commit)
