"""Encrypts secrets at rest: AES-256-GCM with a fresh nonce and a fresh data key per value.

The data key is wrapped by a key-encryption key of the operator's keyring `{id: 32 random bytes}`; the first key
of the ring encrypts, all decrypt. The additional data bind a ciphertext to its row: moved elsewhere, it fails.

Sealed form: `1` | length of the key id | key id | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext.
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.signals import setting_changed

_VERSION = b"\x01"
_NONCE = 12
_WRAPPED = 32 + 16
_KEY_ID = re.compile(r"^[A-Za-z0-9_.-]{1,64}\Z")


class KeyringError(Exception):
    """The keyring is missing, malformed, or not the one that encrypted these data."""


class SealBroken(KeyringError):
    """A ciphertext that cannot be opened here: changed, moved to another row, or sealed by an unknown key."""


@dataclass(frozen=True)
class Keyring:
    """`keys` in the operator's order; the first one encrypts."""

    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """One `id:base64` a line or between commas.

        Raises `KeyringError` saying which entry is wrong, never its value.
        """
        keys: dict[str, bytes] = {}
        entries = [entry.strip() for entry in re.split(r"[\n,]", text) if entry.strip()]
        for position, entry in enumerate(entries, start=1):
            key_id, separator, encoded = entry.partition(":")
            if not separator or not _KEY_ID.match(key_id):
                raise KeyringError(f"entry {position} of the keyring is not `id:base64`")
            if key_id in keys:
                raise KeyringError(f"the key id {key_id!r} stands twice in the keyring")
            keys[key_id] = _decode(encoded, key_id)
        if not keys:
            raise KeyringError("the keyring is empty: set ATTUNE_ENCRYPTION_KEYS or ATTUNE_ENCRYPTION_KEYS_FILE")
        return cls(keys)

    @property
    def current_id(self) -> str:
        return next(iter(self.keys))

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        """`plaintext` encrypted; it opens only with the same `bound_to` (kind, row and owner of the value)."""
        associated = bound_to.encode()
        data_key = AESGCM.generate_key(bit_length=256)
        key_nonce, nonce = os.urandom(_NONCE), os.urandom(_NONCE)
        wrapped = AESGCM(self.keys[self.current_id]).encrypt(key_nonce, data_key, associated)
        return (
            head_of(self.current_id)
            + key_nonce
            + wrapped
            + nonce
            + AESGCM(data_key).encrypt(nonce, plaintext, associated)
        )

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """What `seal` was given. Raises `SealBroken`."""
        associated = bound_to.encode()
        data_key, rest = self._data_key(bytes(sealed), associated)
        return _decrypted(data_key, rest, associated)

    def rewrap(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The same value under the current key: its data key is wrapped anew, the value is not touched.

        Raises `SealBroken`.
        """
        associated, nonce = bound_to.encode(), os.urandom(_NONCE)
        data_key, rest = self._data_key(bytes(sealed), associated)
        _decrypted(data_key, rest, associated)  # a value that does not open must not look as if it did
        wrapped = AESGCM(self.keys[self.current_id]).encrypt(nonce, data_key, associated)
        return head_of(self.current_id) + nonce + wrapped + rest

    def _data_key(self, sealed: bytes, associated: bytes) -> tuple[bytes, bytes]:
        """The data key, and what it encrypted: nonce and ciphertext."""
        key_id, rest = _split_head(sealed)
        key = self.keys.get(key_id)
        if key is None:
            raise SealBroken(f"sealed with the key {key_id!r}, which is not in the keyring")
        wrapped = rest[_NONCE : _NONCE + _WRAPPED]
        return _decrypted(key, rest[:_NONCE] + wrapped, associated), rest[_NONCE + _WRAPPED :]


def head_of(key_id: str) -> bytes:
    """How everything begins that was sealed with this key."""
    return _VERSION + bytes([len(key_id)]) + key_id.encode()


def key_id_of(sealed: bytes) -> str:
    """The key that sealed it. Raises `SealBroken` for what is no sealed value."""
    return _split_head(bytes(sealed))[0]


def _decrypted(key: bytes, data: bytes, associated: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], associated)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("cannot be opened: another keyring, a changed value, or the value of another row") from error


def _split_head(sealed: bytes) -> tuple[str, bytes]:
    if len(sealed) < 2 or sealed[:1] != _VERSION or len(sealed) < 2 + sealed[1] + 2 * _NONCE + _WRAPPED:
        raise SealBroken("not a sealed value")
    end = 2 + sealed[1]
    return sealed[2:end].decode("ascii", "replace"), sealed[end:]


def _decode(encoded: str, key_id: str) -> bytes:
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error as error:
        raise KeyringError(f"the key {key_id!r} is not base64") from error
    if len(key) != 32:
        raise KeyringError(f"the key {key_id!r} has {len(key)} bytes instead of 32")
    return key


@cache
def keyring() -> Keyring:
    """The operator's keyring, read once."""
    return Keyring.parse(settings.ATTUNE_ENCRYPTION_KEYS)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "ATTUNE_ENCRYPTION_KEYS":
        keyring.cache_clear()


setting_changed.connect(_forget)
