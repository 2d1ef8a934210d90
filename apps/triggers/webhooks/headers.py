"""What of a request's headers becomes part of an event, and which of them name a delivery. Pure."""

import re
from collections.abc import Collection, Mapping

from apps.core.errors import Invalid

#: Kept for every webhook, where they came.
KEPT = frozenset(
    {
        "content-type", "user-agent", "x-request-id", "x-event-key", "x-event-type",
        "x-github-event", "x-github-delivery", "x-github-hook-id", "x-github-hook-installation-target-id",
        "x-github-hook-installation-target-type", "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-instance",
        "x-gitea-event", "x-gitea-delivery", "x-attune-delivery", "idempotency-key",
    }
)  # fmt: skip
#: Parts of names of headers that prove something: no webhook may keep them.
_PROVES = ("auth", "cookie", "token", "secret", "signature", "password", "apikey", "api-key", "session")
NAME = re.compile(r"[A-Za-z0-9-]{1,60}\Z")
#: The first one that came counts.
_DELIVERY = ("X-Attune-Delivery", "Idempotency-Key", "X-GitHub-Delivery")
MAX_DELIVERY_CHARS = 200
_MAX_VALUE_CHARS = 1000


class InvalidDelivery(Invalid):
    """The id of a delivery is 1 to 200 printable characters."""

    code = "invalid_delivery"


def mistake_of_name(name: str) -> str | None:
    """Why a webhook cannot keep a header of this name, or None."""
    if not NAME.match(name):
        return "the name of a header is letters, digits and hyphens"
    if any(part in name.lower() for part in _PROVES):
        return f"{name} may hold a secret or a proof, which no event keeps"
    return None


def kept(headers: Mapping[str, str], *, more: Collection[str] = ()) -> dict[str, str]:
    """Those that an event keeps, their names as in `X-Github-Event`. `more`: which else, in any case."""
    wanted = KEPT | {name.lower() for name in more if mistake_of_name(name) is None}
    return {
        name.title(): value[:_MAX_VALUE_CHARS]
        for name, value in sorted(headers.items())
        if name.lower() in wanted and value.isprintable()
    }


def delivery_of(headers: Mapping[str, str]) -> str:
    """How the sender calls this delivery; empty where it does not. Raises `InvalidDelivery`."""
    for name in _DELIVERY:
        if name in headers:
            value = headers[name].strip()
            if not value or len(value) > MAX_DELIVERY_CHARS or not value.isprintable():
                raise InvalidDelivery(f"{name}: 1 to {MAX_DELIVERY_CHARS} printable characters are expected.")
            return value
    return ""
