"""Proves the keyring against the database before anything runs: a wrong key must stop the start, not lose secrets
later."""

from apps.core.crypto import Keyring, KeyringError
from apps.keys.models import KeyringCanary

_TEXT = b"attune keyring canary"


def prove_keyring(keyring: Keyring) -> None:
    """Opens the canary of each key in use and plants one for a new current key.

    Raises `KeyringError` with one sentence when a key that has encrypted is missing or is not the one it was.
    """
    for canary in KeyringCanary.objects.all():
        if canary.key_id not in keyring.keys:
            raise KeyringError(
                f"the key {canary.key_id!r} has encrypted secrets here but is not in the keyring; add it back"
            )
        _open(keyring, canary)
    if not KeyringCanary.objects.filter(key_id=keyring.current_id).exists():
        sealed = keyring.seal(_TEXT, bound_to=_bound_to(keyring.current_id))
        KeyringCanary.objects.get_or_create(key_id=keyring.current_id, defaults={"sealed": sealed})


def _open(keyring: Keyring, canary: KeyringCanary) -> None:
    try:
        keyring.open(bytes(canary.sealed), bound_to=_bound_to(canary.key_id))
    except KeyringError as error:
        raise KeyringError(
            f"the key {canary.key_id!r} is not the one that encrypted this database; restore the right keyring"
        ) from error


def _bound_to(key_id: str) -> str:
    return f"attune:canary:v1|{key_id}"
