"""What the url of a webhook may be: segments with slashes between them, nothing a server or a proxy would rewrite."""

import re
from collections.abc import Mapping

from apps.core.errors import FieldError
from apps.core.types import JsonValue

MAX_CHARS = 200
_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*\Z")
#: What stands behind the url of a webhook in addresses about it.
RESERVED = frozenset({"deliveries", "rotate"})


def mistake_of(url: str) -> str | None:
    """Why `url` cannot be one, or None."""
    if not url or len(url) > MAX_CHARS:
        return f"1 to {MAX_CHARS} characters are expected"
    segments = url.split("/")
    if not all(_SEGMENT.match(segment) for segment in segments):
        return "segments of letters, digits and _ . ~ - with one slash between them are expected: github/pushes"
    if segments[-1] in RESERVED:
        return f"the last segment cannot be {segments[-1]}: that is an address about a webhook"
    return None


def parameter_errors(parameters: Mapping[str, JsonValue]) -> list[FieldError]:
    """What is wrong with the `url` that somebody listens to, beyond the schema of the trigger type."""
    detail = mistake_of(str(parameters.get("url", "")))
    return [FieldError("/url", "invalid_url", detail)] if detail else []
