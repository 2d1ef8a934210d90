"""Who may see which tokens."""

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from apps.accounts.models import ApiToken, Identity  # noqa: F401


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, identity: "Identity") -> Self:
        """Administrators see all tokens, everybody else their own."""
        return self if identity.is_administrator else self.filter(identity=identity)
