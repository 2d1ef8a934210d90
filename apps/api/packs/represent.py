"""Packs as JSON."""

from collections.abc import Sequence

from django.db.models import Count

from apps.actions.models import Action
from apps.core.types import JsonObject
from apps.packs.models import Pack, PackVersion
from apps.packs.sources.index import IndexedPack


def represent(packs: Sequence[Pack]) -> list[JsonObject]:
    """The number of queries does not depend on how many there are. `current` must be loaded."""
    counted = Action.objects.filter(pack__in=packs).values("pack").annotate(n=Count("id")).order_by()
    actions = {row["pack"]: row["n"] for row in counted}
    return [_represent(pack, actions.get(pack.pk, 0)) for pack in packs]


def represent_indexed(pack: IndexedPack) -> JsonObject:
    return {
        "name": pack.name,
        "version": pack.version,
        "description": pack.description,
        "author": pack.author,
        "keywords": list(pack.keywords),
        "source": str(pack.source),
    }


def represent_version(version: PackVersion, *, serves: bool) -> JsonObject:
    """`installed_by` must be loaded."""
    return {
        "version": version.version,
        "digest": version.digest,
        "serves": serves,
        "source": version.source or None,
        "commit": version.commit or None,
        "files": version.file_count,
        "size_bytes": version.size_bytes,
        "installed_by": version.installed_by.username if version.installed_by else None,
        "installed_at": version.installed_at,
    }


def _represent(pack: Pack, actions: int) -> JsonObject:
    current = pack.current
    manifest = current.manifest if current else {}
    return {
        "ref": pack.ref,
        "label": pack.label,
        "description": pack.description,
        "enabled": pack.is_enabled,
        "version": current.version if current else None,
        "digest": current.digest if current else None,
        "author": manifest.get("author"),
        "keywords": manifest.get("keywords", []),
        "source": (current.source or None) if current else None,
        "commit": (current.commit or None) if current else None,
        "ad_hoc": current.origin.is_ad_hoc if current else False,
        "actions": actions,
        "installed_at": current.installed_at if current else None,
        "updated_at": pack.updated_at,
        "links": {
            "actions": f"/api/v1/actions?pack={pack.ref}",
            "environments": f"/api/v1/packs/{pack.ref}/environments",
            "versions": f"/api/v1/packs/{pack.ref}/versions",
        },
    }
