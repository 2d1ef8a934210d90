"""Proves the keyring against the database before anything runs: a wrong key must stop the start, not lose secrets
later."""

from apps.core.crypto import Keyring, KeyringError, key_id_of
from apps.keys.models import KeyringCanary
from apps.keys.sealed import tables

_TEXT = b"attune keyring canary"


def prove_keyring(keyring: Keyring) -> None:
    """Opens the canary of each key in use and plants one for a new current key.

    Raises `KeyringError` with one sentence when a key that has encrypted is missing or is not the one it was.
    """
    for canary in KeyringCanary.objects.all():
        if canary.key_id not in keyring.keys:
            raise _missing(canary.key_id)
        _open(keyring, canary)
    for table in tables():
        # The canary of a key goes when all is rotated; a process with the older keyring may have gone on sealing.
        # Any row will do: in no order the table is read once from its beginning to its end.
        if row := next(iter(table.sealed_by_others(list(keyring.keys)).order_by()[:1]), None):
            raise _missing(key_id_of(row.sealed))
    if not KeyringCanary.objects.filter(key_id=keyring.current_id).exists():
        sealed = keyring.seal(_TEXT, bound_to=KeyringCanary.bound_to(keyring.current_id))
        KeyringCanary.objects.get_or_create(key_id=keyring.current_id, defaults={"sealed": sealed})


def _missing(key_id: str) -> KeyringError:
    return KeyringError(
        f"the key {key_id!r} has encrypted secrets here but is not in the keyring; add it back, and take it out after "
        "`attune key rotate`"
    )


def _open(keyring: Keyring, canary: KeyringCanary) -> None:
    try:
        keyring.open(bytes(canary.sealed), bound_to=KeyringCanary.bound_to(canary.key_id))
    except KeyringError as error:
        raise KeyringError(
            f"the key {canary.key_id!r} is not the one that encrypted this database; restore the right keyring"
        ) from error
