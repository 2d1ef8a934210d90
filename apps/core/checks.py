"""Refuses to start with settings that would hurt later. Each message says what to do."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.core.crypto import Keyring, KeyringError
from apps.core.fetch import FetchPolicy


@register()
def secret_key_is_set(**_: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= 50:
        return []
    return [
        Error(
            "ATTUNE_SECRET_KEY is missing or shorter than 50 characters.",
            hint="Set ATTUNE_SECRET_KEY or ATTUNE_SECRET_KEY_FILE to 50 or more random characters.",
            id="attune.E001",
        )
    ]


@register()
def keyring_can_be_read(**_: Any) -> list[CheckMessage]:
    try:
        Keyring.parse(settings.ATTUNE_ENCRYPTION_KEYS)
    except KeyringError as error:
        hint = "Set ATTUNE_ENCRYPTION_KEYS(_FILE) to lines of `id:base64 of 32 random bytes`."
        return [Error(f"The keyring cannot be used: {error}.", hint=hint, id="attune.E002")]
    return []


@register()
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


@register()
def fetch_policy_can_be_read(**_: Any) -> list[CheckMessage]:
    try:
        FetchPolicy.parse(settings.ATTUNE_FETCH_ALLOW)
    except ValueError as error:
        hint = "Networks (10.0.0.0/8), hosts (git.internal), hosts without TLS (http://mirror.internal), by commas."
        return [Error(f"ATTUNE_FETCH_ALLOW cannot be used: {error}.", hint=hint, id="attune.E005")]
    return []


@register()
def debug_is_off(**_: Any) -> list[CheckMessage]:
    if not settings.DEBUG:
        return []
    return [Error("DEBUG shows secrets to strangers; Attune never runs with it.", id="attune.E004")]
