"""Actions as JSON."""

from collections.abc import Sequence

from apps.actions.models import Action
from apps.core.types import JsonObject


def represent(actions: Sequence[Action]) -> list[JsonObject]:
    """For lists: without the definition's body. `pack` and `version` must be loaded."""
    return [_short(action) for action in actions]


def represent_whole(action: Action) -> JsonObject:
    """With everything its file says."""
    body = action.definition.body
    whole = {name: value for name, value in body.items() if name not in ("name", "description", "runtime", "enabled")}
    return {**_short(action), **whole}


def _short(action: Action) -> JsonObject:
    return {
        "ref": action.ref,
        "name": action.name,
        "pack": action.pack.ref,
        "pack_version": action.version.version,
        "description": action.description,
        "runtime": action.runtime,
        "enabled": action.is_enabled and action.pack.is_enabled,
        "enabled_override": action.enabled_override,
        "updated_at": action.updated_at,
        "links": {
            "schema": f"/api/v1/actions/{action.ref}/schema",
            "queue-stats": f"/api/v1/actions/{action.ref}/queue-stats",
            "executions": f"/api/v1/executions?action={action.ref}",
        },
    }
