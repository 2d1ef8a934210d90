"""Writes keys: set, change, delete; and reveals one, which is recorded before the value leaves.

A value never stands in a log line, an error or an audit record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal

import orjson
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.permissions import Verb, require
from apps.audit.services import record
from apps.core.crypto import keyring
from apps.core.errors import Conflict, FieldError, Invalid, NotFound
from apps.core.signals import happened
from apps.core.types import JsonValue
from apps.keys import refs
from apps.keys.models import Key, KeyVersion
from apps.keys.owners import Owner
from apps.keys.strength import warnings_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Largest value, as JSON.
MAX_VALUE_BYTES = 64 * 1024
#: Newest versions of which it is remembered who wrote them, and when.
KEPT_VERSIONS = 20


class UnknownKey(NotFound):
    """There is no such key."""

    code = "unknown_key"


class KeyTaken(Conflict):
    """A key of this name is there already."""

    code = "key_taken"


class Unchanged(Enum):
    """Says of an argument that nothing is to change; None may be a value."""

    UNCHANGED = "unchanged"


UNCHANGED: Literal[Unchanged.UNCHANGED] = Unchanged.UNCHANGED


@dataclass(frozen=True)
class Written:
    """`warnings` are for whoever wrote the value; they do not repeat it."""

    key: Key
    is_new: bool
    warnings: list[str]


def set_key(
    owner: Owner,
    name: str,
    *,
    value: JsonValue,
    by: "Identity | None",
    description: str | None = None,
    is_encrypted: bool | None = None,
    expires_at: datetime | Unchanged | None = UNCHANGED,
    must_be_new: bool = False,
) -> Written:
    """Makes the key, or gives it a new version; what is left out stays as it was. The value before is erased.

    `by` None is Attune itself. Raises `Forbidden`, `Invalid` (name, size, an expiry in the past) and with `must_be_new`
    `KeyTaken`.
    """
    if by is not None:
        require(by, Verb.KEY_MANAGE, on=owner)
    refs.check_name(name)
    data = _dumped(value)
    _check_expiry(expires_at)
    with transaction.atomic():
        key, is_new = _locked(owner, name)
        if must_be_new and not is_new:
            raise KeyTaken(f"There is a key {key.ref} already.")
        key.is_encrypted = key.is_encrypted if is_encrypted is None else is_encrypted
        key.description = key.description if description is None else description
        key.expires_at = key.expires_at if isinstance(expires_at, Unchanged) else expires_at
        _add_version(key, value, data, by=by)
        _tell(key, "created" if is_new else "changed", by=by)
    return Written(key, is_new, warnings_of(value) if key.is_encrypted else [])


def find_key(identity: "Identity", text: str, owner_of: Callable[[refs.KeyRef], Owner]) -> Key:
    """The key that a ref or an id names. `owner_of` finds the owner a ref speaks of, or raises. Raises `UnknownKey`."""
    wanted = refs.parse(text)
    if wanted is None:
        raise UnknownKey("There is no such key.")
    rows = Key.objects.visible_to(identity)
    if isinstance(wanted, refs.KeyRef):
        owner = owner_of(wanted)
        rows = rows.filter(owner_type=owner.type, owner_uuid=owner.uuid, name=wanted.name)
    else:
        rows = rows.filter(pk=wanted)
    key = rows.first()
    if key is None:
        raise UnknownKey(f"There is no key {text}.")
    return key


def change_key(
    key: Key,
    *,
    by: "Identity",
    description: str | None = None,
    expires_at: datetime | Unchanged | None = UNCHANGED,
) -> Key:
    """What is said about a key; its value stays. Raises `Forbidden`, `Invalid` for an expiry in the past."""
    require(by, Verb.KEY_MANAGE, on=key)
    _check_expiry(expires_at)
    key.description = key.description if description is None else description
    key.expires_at = key.expires_at if isinstance(expires_at, Unchanged) else expires_at
    changed = Key.objects.filter(pk=key.pk).update(
        description=key.description, expires_at=key.expires_at, updated_at=Now()
    )
    if not changed:
        raise UnknownKey(f"There is no key {key.ref}.")
    return key


def delete_key(key: Key, *, by: "Identity") -> None:
    """The key with all it ever was. Actions that ask for it get what stands behind it, or nothing."""
    require(by, Verb.KEY_MANAGE, on=key)
    with transaction.atomic():
        deleted, _ = Key.objects.filter(pk=key.pk).delete()
        if not deleted:
            raise UnknownKey(f"There is no key {key.ref}.")
        _tell(key, "deleted", by=by)


def _tell(key: Key, change: str, *, by: "Identity | None") -> None:
    """The rooms above, in the same transaction; never the value."""
    payload = {
        "key": key.ref, "change": change, "version": key.version, "owner_type": key.owner_type,
        "owner": key.owner_ref, "name": key.name, "by": by.username if by else None,
    }  # fmt: skip
    happened.send(sender=Key, kind="key", subject=key.ref, payload=payload)


@transaction.atomic
def reveal_key(key: Key, *, by: "Identity") -> JsonValue:
    """The value. It is recorded who was told; where that fails, nobody is told. Raises `Forbidden`."""
    require(by, Verb.KEY_REVEAL, on=key)
    version = KeyVersion.objects.filter(key=key, number=key.version).first()
    if version is None:
        raise UnknownKey(f"There is no key {key.ref}.")
    record("key.reveal", by=by, on=key.ref, facts={"version": version.number})
    return value_of(key, version)


def value_of(key: Key, version: KeyVersion) -> JsonValue:
    """Raises `SealBroken` for a ciphertext of another row, owner or keyring."""
    if version.sealed is None:
        return version.plain
    return orjson.loads(keyring().open(bytes(version.sealed), bound_to=key.bound_to(version.number)))


def _dumped(value: JsonValue) -> bytes:
    data = orjson.dumps(value)
    if len(data) > MAX_VALUE_BYTES:
        detail = f"{len(data)} bytes; at most {MAX_VALUE_BYTES} are taken"
        raise Invalid("The value is too large.", errors=[FieldError("/value", "too_large", detail)])
    return data


def _check_expiry(expires_at: datetime | Unchanged | None) -> None:
    if isinstance(expires_at, datetime) and expires_at <= timezone.now():
        error = FieldError("/expires_at", "in_the_past", "expires_at lies in the past")
        raise Invalid("expires_at lies in the past.", errors=[error])


def _locked(owner: Owner, name: str) -> tuple[Key, bool]:
    """The row, locked until the end of the transaction, and whether it was made now."""
    wanted = {"owner_type": owner.type, "owner_uuid": owner.uuid, "name": name}
    rows = Key.objects.select_for_update()
    if (key := rows.filter(**wanted).first()) is not None:
        return key, False
    try:
        with transaction.atomic():
            return Key.objects.create(**wanted, owner_ref=owner.ref, owner_pack=owner.pack), True
    except IntegrityError:  # somebody else was first
        return rows.get(**wanted), False


def _add_version(key: Key, value: JsonValue, data: bytes, *, by: "Identity | None") -> None:
    key.version += 1
    key.versions.filter(number__lt=key.version).update(sealed=None, plain=None)
    key.versions.filter(number__lte=key.version - KEPT_VERSIONS).delete()
    sealed = keyring().seal(data, bound_to=key.bound_to(key.version)) if key.is_encrypted else None
    KeyVersion.objects.create(
        key=key, number=key.version, sealed=sealed, plain=None if key.is_encrypted else value, created_by=by
    )
    Key.objects.filter(pk=key.pk).update(
        version=key.version, is_encrypted=key.is_encrypted, description=key.description, expires_at=key.expires_at,
        updated_at=Now(),
    )  # fmt: skip
    key.refresh_from_db()
