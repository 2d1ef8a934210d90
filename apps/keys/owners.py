"""Whose a key is: a type, a ref and a uuid, as values, so that this room need not know packs and actions."""

import uuid
from dataclasses import dataclass

from apps.keys.models import Key

_NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Owner:
    """`uuid` is the owner's own: the same ref with another uuid is somebody else."""

    type: Key.OwnerType
    ref: str
    uuid: uuid.UUID


SYSTEM = Owner(Key.OwnerType.SYSTEM, "", _NOBODY)


def pack_owner(ref: str, pack_uuid: uuid.UUID) -> Owner:
    return Owner(Key.OwnerType.PACK, ref, pack_uuid)


def action_owner(ref: str, pack_uuid: uuid.UUID) -> Owner:
    """An action is its pack's as long as that is the same pack; that it is read anew from a file changes nothing."""
    return Owner(Key.OwnerType.ACTION, ref, uuid.uuid5(pack_uuid, ref))


def owner_of_key(key: Key) -> Owner:
    """Whose it is, also where that owner is gone."""
    return Owner(Key.OwnerType(key.owner_type), key.owner_ref, key.owner_uuid)
