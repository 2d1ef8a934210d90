"""`attune pack validate`: everything that would keep a folder from being installed, as the server would tell it."""

from pathlib import Path

from apps.core.types import JsonObject
from apps.local.conversation import Teller
from apps.local.opening import opened
from apps.packs.loader import PackInvalid


def validate(wish: JsonObject, teller: Teller) -> JsonObject:
    """`{folder}` → `{errors, remarks}`, and what the pack holds where there are no errors. Raises `Invalid`."""
    try:
        with opened(Path(wish["folder"])) as pack:
            manifest = pack.loaded.manifest
            return {
                "ref": manifest.ref,
                "version": manifest.version,
                "digest": pack.digest,
                "content": {kind: len(items) for kind, items in pack.loaded.content.items() if items},
                "errors": [],
                "remarks": list(pack.remarks),
            }
    except PackInvalid as error:
        found = [item.as_json() for item in error.errors] or [_whole(error)]
        return {"errors": found, "remarks": []}


def _whole(error: PackInvalid) -> JsonObject:
    return {"file": "", "line": 0, "detail": error.detail, "hint": ""}
