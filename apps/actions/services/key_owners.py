"""Finds the owner that a key's ref speaks of, and tells keys whose owner is gone. Rooms above add their own kinds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class OwnerKind:
    """`find` raises `NotFound` where there is none, or none to be seen; `living` gives those of the refs that are."""

    find: Callable[["Identity", str], Owner]
    living: Callable[[Collection[str]], Iterable[Owner]]


def register_owners(owner_type: Key.OwnerType, kind: OwnerKind) -> None:
    _kinds[owner_type] = kind


def owner_of(identity: "Identity", ref: KeyRef) -> Owner:
    """Raises `NotFound`: `UnknownPack`, `UnknownAction` and the like."""
    kind = _kinds.get(ref.owner_type)
    return SYSTEM if kind is None else kind.find(identity, ref.owner_ref)


def orphaned(keys: Iterable[Key]) -> Collection[int]:
    """Ids of those whose pack, action or the like is gone: nothing is given them any more, and nobody inherits them."""
    owned = [key for key in keys if key.owner_type in _kinds]
    living: set[Owner] = set()
    for owner_type, kind in _kinds.items():
        refs = {key.owner_ref for key in owned if key.owner_type == owner_type}
        living.update(kind.living(refs) if refs else ())
    return frozenset(key.pk for key in owned if owner_of_key(key) not in living)


def _find_pack(identity: "Identity", ref: str) -> Owner:
    pack = get_pack(identity, ref)
    return pack_owner(pack.ref, pack.uuid)


def _living_packs(refs: Collection[str]) -> Iterable[Owner]:
    return [pack_owner(*row) for row in Pack.objects.installed().filter(ref__in=refs).values_list("ref", "uuid")]


def _find_action(identity: "Identity", ref: str) -> Owner:
    action = get_action(identity, ref)
    return action_owner(action.ref, action.pack.uuid, pack=action.pack.ref)


def _living_actions(refs: Collection[str]) -> Iterable[Owner]:
    rows = Action.objects.filter(ref__in=refs).values_list("ref", "pack__uuid", "pack__ref")
    return [action_owner(ref, pack_uuid, pack=pack) for ref, pack_uuid, pack in rows]


_kinds: dict[str, OwnerKind] = {
    Key.OwnerType.PACK: OwnerKind(_find_pack, _living_packs),
    Key.OwnerType.ACTION: OwnerKind(_find_action, _living_actions),
}
