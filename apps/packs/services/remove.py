"""Removes a pack. What is pinned to a version of it keeps that version to its end."""

from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.permissions import Verb, require
from apps.core.errors import Conflict
from apps.packs import content, uses
from apps.packs.loader import LoadedPack
from apps.packs.locking import lock_pack
from apps.packs.manifest import PackManifest
from apps.packs.reserved import OWN
from apps.packs.role_files import require_roles_of
from apps.packs.services.manage import get_pack
from apps.packs.services.registering import take_back

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class PackOwn(Conflict):
    """The pack is Attune's own; it is installed at each start. Disable it instead."""

    code = "pack_own"


@transaction.atomic
def remove_pack(identity: "Identity", *, ref: str, force: bool = False) -> None:
    """Nothing of the pack can be started any more; executions that were accepted go on to their ends. Its files and
    environments go later, when nothing is pinned to them.

    Raises `UnknownPack`, `Forbidden`, `PackOwn`, and `InUse` with the list unless `force` is set.
    """
    pack = get_pack(identity, ref)
    require(identity, Verb.PACK_INSTALL)
    if pack.ref in OWN:
        raise PackOwn(f"The pack {pack.ref} is Attune's own; it is installed at each start. Disable it instead.")
    lock_pack(pack.ref)
    pack = get_pack(identity, ref)  # again: somebody else may have been faster
    require_roles_of(identity, _nothing_of(pack.ref))
    if not force:
        uses.refuse_used(f"The pack {pack.ref}", uses.uses_of(pack.ref), forced=uses.REMOVED)
    if pack.current is not None:
        pack.current.pack = pack
        take_back(pack.current)


def _nothing_of(ref: str) -> LoadedPack:
    return LoadedPack(PackManifest(ref, "0.0.0", {}), {kind.folder: [] for kind in content.kinds()}, {})
