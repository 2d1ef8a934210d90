"""The first administrator of a new Attune."""

import secrets
from dataclasses import dataclass

from apps.accounts.models import Identity


@dataclass(frozen=True)
class FirstAdministrator:
    """`password` only when it was made just now and not given by the operator; it is kept nowhere."""

    identity: Identity
    password: str | None
    is_new: bool


def ensure_administrator(*, username: str = "admin", password: str = "") -> FirstAdministrator:
    """Makes the administrator when there is none. An existing one, password included, stays as it is."""
    existing = Identity.objects.filter(is_superuser=True, is_active=True).order_by("id").first()
    if existing is not None:
        return FirstAdministrator(existing, None, is_new=False)
    chosen = password or secrets.token_urlsafe(15)
    identity = Identity.objects.create_superuser(username, password=chosen)
    return FirstAdministrator(identity, None if password else chosen, is_new=True)
