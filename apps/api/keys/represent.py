"""Keys as JSON, without their values."""

from collections.abc import Sequence

from django.utils import timezone

from apps.actions.services.key_owners import orphaned
from apps.core.types import JsonObject
from apps.keys.models import Key
from apps.keys.services import value_of


def represent(keys: Sequence[Key]) -> list[JsonObject]:
    """The number of queries does not depend on how many there are."""
    gone, now = orphaned(keys), timezone.now()
    return [
        {
            "id": key.pk,
            "ref": key.ref,
            "name": key.name,
            "owner": {"type": key.owner_type, "ref": key.owner_ref},
            "description": key.description,
            "encrypted": key.is_encrypted,
            "version": key.version,
            "expires_at": key.expires_at,
            "expired": key.is_expired(now),
            "orphaned": key.pk in gone,
            "created_at": key.created_at,
            "updated_at": key.updated_at,
        }
        for key in keys
    ]


def represent_one(key: Key) -> JsonObject:
    """With who wrote which version; a value only where it is no secret."""
    versions = list(key.versions.select_related("created_by"))
    counts = next((version for version in versions if version.number == key.version), None)
    shown = value_of(key, counts) if counts is not None and not key.is_encrypted else None
    told = [
        {
            "number": version.number,
            "created_by": version.created_by.username if version.created_by else None,
            "created_at": version.created_at,
        }
        for version in versions
    ]
    return {**represent([key])[0], "value": shown, "versions": told}
