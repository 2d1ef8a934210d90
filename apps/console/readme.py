"""The README of an installed pack, as safe HTML."""

from functools import lru_cache

from django.utils.safestring import SafeString

from apps.console.markdown import render
from apps.core.errors import AttuneError
from apps.packs.models import Pack
from apps.packs.versions import ensure_unpacked

#: What is shown of a long one.
_MAX_BYTES = 256 * 1024


def readme_of(pack: Pack) -> SafeString:
    """Empty where there is none, or where the version's files cannot be had right now."""
    if pack.current is None:
        return SafeString("")
    try:
        return _readme(pack.ref, pack.current.digest)
    except (AttuneError, OSError):
        return SafeString("")


@lru_cache(maxsize=64)
def _readme(pack_ref: str, digest: str) -> SafeString:
    """Versions never change, so each is read once."""
    folder = ensure_unpacked(pack_ref, digest)
    path = next((path for path in sorted(folder.iterdir()) if path.name.lower() == "readme.md"), None)
    if path is None:
        return SafeString("")
    with path.open("rb") as file:
        return render(file.read(_MAX_BYTES).decode("utf-8", "replace"))
