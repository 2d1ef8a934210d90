"""The icon of a pack's version: `icon.png`, if it is a PNG image of a decent size."""

import struct
from functools import lru_cache

from apps.core.errors import AttuneError
from apps.packs.versions import ensure_unpacked

FILE = "icon.png"
#: A larger one is not shown.
MAX_BYTES = 256 * 1024
#: Width and height, in pixels.
MAX_SIDE = 1024
#: Signature, then the first chunk: its length, `IHDR`, width and height.
_HEAD = struct.Struct(">8s I 4s I I")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def icon_of(pack_ref: str, digest: str) -> bytes | None:
    """None where there is none, where it is no PNG image, or where the version's files cannot be had right now."""
    try:
        return _icon(pack_ref, digest)
    except (AttuneError, OSError):
        return None


@lru_cache(maxsize=64)
def _icon(pack_ref: str, digest: str) -> bytes | None:
    """Versions never change, so each is read once."""
    path = ensure_unpacked(pack_ref, digest) / FILE
    if not path.is_file():
        return None
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return data if len(data) <= MAX_BYTES and _is_icon(data) else None


def _is_icon(data: bytes) -> bool:
    if len(data) < _HEAD.size:
        return False
    signature, _, kind, width, height = _HEAD.unpack_from(data)
    return bool(signature == _SIGNATURE and kind == b"IHDR" and 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE)
