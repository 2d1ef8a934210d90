"""Who may see which identities, groups, roles and tokens."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import ApiToken, Group, Identity, Role, RoleAssignment  # noqa: F401


class IdentityQuerySet(models.QuerySet["Identity"]):
    def visible_to(self, identity: "Identity") -> Self:
        """Oneself always."""
        narrowed = rights_of(identity).narrow(Verb.IDENTITY_VIEW, Columns())
        if not narrowed:
            return self
        return self.filter(narrowed | Q(pk=identity.pk)) if identity.is_active else self.none()

    def administrators(self) -> Self:
        """The administrators of last resort that there are now."""
        return self.filter(is_superuser=True, is_active=True)


class GroupQuerySet(models.QuerySet["Group"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.IDENTITY_VIEW, Columns()))


class RoleQuerySet(models.QuerySet["Role"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.ROLE_VIEW, Columns()))

    def held_by(self, identity_id: int) -> Self:
        """The identity's own and those of its groups, without those that have expired."""
        from apps.accounts.models import Identity

        groups = Identity.groups.through.objects.filter(identity=identity_id).values("group")
        holders = Q(assignments__identity=identity_id) | Q(assignments__group__in=groups)
        lasting = Q(assignments__expires_at=None) | Q(assignments__expires_at__gt=Now())
        return self.filter(holders & lasting).distinct()


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.ROLE_VIEW, Columns()))

    def lasting(self, *, at: datetime) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at))


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, identity: "Identity") -> Self:
        """Without those of executions, which come and go with them."""
        narrowed = rights_of(identity).narrow(Verb.TOKEN_VIEW, Columns(owner="identity"))
        return self.filter(narrowed, execution_id=None)
