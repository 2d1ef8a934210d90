"""Refuses to start with settings that would hurt later. Each message says what to do."""

import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from apps.core.cors import is_origin
from apps.core.crypto import Keyring, KeyringError
from apps.core.fetch import FetchPolicy

#: Tag of the checks without which no role starts (`apps.keys.starting`).
START = "attune_start"
#: Random keys of 32 bytes or 50 characters have more different ones than this, but for one in 10**9.
_LEAST_DIFFERENT = 12
#: Where container engines put secrets.
_MOUNTED = Path("/run/secrets")
_EXAMPLES = ("django-insecure-", "changeme", "change-me", "insecure", "secret")


@register(START)
def secret_key_is_set(**_: Any) -> list[CheckMessage]:
    if len(_secret_key()) >= 50:
        return []
    return [
        Error(
            "ATTUNE_SECRET_KEY is missing or shorter than 50 characters.",
            hint="Set ATTUNE_SECRET_KEY or ATTUNE_SECRET_KEY_FILE to 50 or more random characters.",
            id="attune.E001",
        )
    ]


@register(START)
def keyring_can_be_read(**_: Any) -> list[CheckMessage]:
    try:
        Keyring.parse(settings.ATTUNE_ENCRYPTION_KEYS)
    except KeyringError as error:
        hint = "Set ATTUNE_ENCRYPTION_KEYS(_FILE) to lines of `id:base64 of 32 random bytes`."
        return [Error(f"The keyring cannot be used: {error}.", hint=hint, id="attune.E002")]
    return []


@register(START)
def lost_is_longer_than_heartbeat(**_: Any) -> list[CheckMessage]:
    if settings.ATTUNE_LOST_AFTER_S >= 3 * settings.ATTUNE_HEARTBEAT_S:
        return []
    return [
        Error(
            "ATTUNE_LOST_AFTER_S is shorter than three heartbeats: healthy workers would count as lost.",
            hint="Raise ATTUNE_LOST_AFTER_S or lower ATTUNE_HEARTBEAT_S.",
            id="attune.E003",
        )
    ]


@register(START)
def fetch_policy_can_be_read(**_: Any) -> list[CheckMessage]:
    try:
        FetchPolicy.parse(settings.ATTUNE_FETCH_ALLOW)
    except ValueError as error:
        hint = "Networks (10.0.0.0/8), hosts (git.internal), hosts without TLS (http://mirror.internal), by commas."
        return [Error(f"ATTUNE_FETCH_ALLOW cannot be used: {error}.", hint=hint, id="attune.E009")]
    return []


@register(START)
def debug_is_off(**_: Any) -> list[CheckMessage]:
    if not settings.DEBUG:
        return []
    return [Error("DEBUG shows secrets to strangers; Attune never runs with it.", id="attune.E004")]


@register(START)
def origins_are_exact(**_: Any) -> list[CheckMessage]:
    wrong = sorted(origin for origin in settings.ATTUNE_CORS_ORIGINS if not is_origin(origin))
    if not wrong:
        return []
    hint = "Name each origin in full, as browsers send it: https://portal.example.org. Never `*` or `null`."
    return [Error(f"ATTUNE_CORS_ORIGINS: {', '.join(wrong)} is no origin.", hint=hint, id="attune.E005")]


@register(START)
def secret_key_is_no_example(**_: Any) -> list[CheckMessage]:
    key = _secret_key()
    if len(key) < 50 or (len(set(key)) >= _LEAST_DIFFERENT and not key.startswith(_EXAMPLES)):
        return []
    hint = "python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
    return [Error("ATTUNE_SECRET_KEY is an example or a pattern, not random.", hint=hint, id="attune.E006")]


def _secret_key() -> str:
    """Django raises for an empty one, where a sentence is wanted."""
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return ""


@register(START)
def encryption_keys_are_random(**_: Any) -> list[CheckMessage]:
    try:
        keys = Keyring.parse(settings.ATTUNE_ENCRYPTION_KEYS).keys
    except KeyringError:
        return []  # attune.E002 says it
    weak = sorted(name for name, key in keys.items() if len(set(key)) < _LEAST_DIFFERENT)
    if not weak:
        return []
    hint = "Make each of 32 random bytes; an example's key protects nothing."
    return [Error(f"The keys {', '.join(weak)} of the keyring are patterns.", hint=hint, id="attune.E007")]


@register(START)
def key_files_are_private(**_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} names {path}, which everybody on this host can read.",
            hint=f"chmod o= {path}",
            id="attune.E008",
        )
        for name in ("ATTUNE_SECRET_KEY_FILE", "ATTUNE_ENCRYPTION_KEYS_FILE")
        if (path := os.environ.get(name, "")) and _others_may_read(path)
    ]


def _others_may_read(path: str) -> bool:
    """By its own mode and those of the folders above it. In a container the engine chooses the mode of what it mounts,
    and there is nobody else."""
    whole = Path(path).resolve()
    if whole.is_relative_to(_MOUNTED):
        return False
    try:
        may_pass = all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
        return may_pass and bool(whole.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # that it cannot be read was said before
