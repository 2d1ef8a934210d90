"""Whose a key is: a type, a ref and a uuid, as values, so that this room need not know packs and actions."""

import uuid
from dataclasses import dataclass, field

from apps.accounts.grants import Place
from apps.keys.models import Key, place_of

_NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Owner:
    """`uuid` is the owner's own: the same ref with another uuid is somebody else. `pack` is the ref of its pack."""

    type: Key.OwnerType
    ref: str
    uuid: uuid.UUID
    pack: str = field(default="", compare=False)

    @property
    def where(self) -> Place:
        return place_of(self.type, self.ref, pack=self.pack)


SYSTEM = Owner(Key.OwnerType.SYSTEM, "", _NOBODY)


def pack_owner(ref: str, pack_uuid: uuid.UUID) -> Owner:
    return Owner(Key.OwnerType.PACK, ref, pack_uuid, pack=ref)


def action_owner(ref: str, pack_uuid: uuid.UUID, *, pack: str) -> Owner:
    """An action is its pack's as long as that is the same pack; that it is read anew from a file changes nothing."""
    return Owner(Key.OwnerType.ACTION, ref, uuid.uuid5(pack_uuid, ref), pack=pack)


def sensor_owner(ref: str, pack_uuid: uuid.UUID, *, pack: str) -> Owner:
    """As `action_owner`."""
    return Owner(Key.OwnerType.SENSOR, ref, uuid.uuid5(pack_uuid, f"sensor:{ref}"), pack=pack)


def owner_of_key(key: Key) -> Owner:
    """Whose it is, also where that owner is gone."""
    return Owner(Key.OwnerType(key.owner_type), key.owner_ref, key.owner_uuid, pack=key.owner_pack)
