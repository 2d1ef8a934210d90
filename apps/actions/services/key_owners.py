"""Finds the owner that a key's ref speaks of, and tells keys whose owner is gone."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from apps.actions.models import Action
from apps.actions.services.lookup import get_action
from apps.keys.models import Key
from apps.keys.owners import SYSTEM, Owner, action_owner, owner_of_key, pack_owner
from apps.keys.refs import KeyRef
from apps.packs.models import Pack
from apps.packs.services.manage import get_pack

if TYPE_CHECKING:
    from apps.accounts.models import Identity


def owner_of(identity: "Identity", ref: KeyRef) -> Owner:
    """Raises `UnknownPack` or `UnknownAction`."""
    if ref.owner_type == Key.OwnerType.PACK:
        pack = get_pack(identity, ref.owner_ref)
        return pack_owner(pack.ref, pack.uuid)
    if ref.owner_type == Key.OwnerType.ACTION:
        action = get_action(identity, ref.owner_ref)
        return action_owner(action.ref, action.pack.uuid, pack=action.pack.ref)
    return SYSTEM


def orphaned(keys: Iterable[Key]) -> Collection[int]:
    """Ids of those whose pack or action is gone: nothing is given them any more, and nobody inherits them."""
    owned = [key for key in keys if key.owner_type in (Key.OwnerType.PACK, Key.OwnerType.ACTION)]
    refs = {key.owner_ref for key in owned}
    if not refs:
        return frozenset()
    living = {pack_owner(*row) for row in Pack.objects.filter(ref__in=refs).values_list("ref", "uuid")}
    actions = Action.objects.filter(ref__in=refs).values_list("ref", "pack__uuid", "pack__ref")
    living |= {action_owner(ref, pack_uuid, pack=pack) for ref, pack_uuid, pack in actions}
    return frozenset(key.pk for key in owned if owner_of_key(key) not in living)
