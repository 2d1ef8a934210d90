"""Makes, changes and gives roles. Nobody gives, takes or changes what they do not have themselves."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Identity, Role, RoleAssignment
from apps.accounts.permissions import Verb, require
from apps.accounts.services.granting import checked_grants, require_all, require_roles
from apps.accounts.services.identities import get_group, get_identity
from apps.core.errors import Conflict, FieldError, Invalid, NotFound

logger = logging.getLogger(__name__)


class UnknownRole(NotFound):
    """There is no such role."""

    code = "unknown_role"


class RoleNotEditable(Conflict):
    """This role comes with Attune or with a pack; make one of your own."""

    code = "role_not_editable"


class UnknownAssignment(NotFound):
    """Nobody was given that."""

    code = "unknown_assignment"


def get_role(identity: Identity, name: str) -> Role:
    role = Role.objects.visible_to(identity).filter(name=name).first()
    if role is None:
        raise UnknownRole(f"There is no role {name}.")
    return role


@transaction.atomic
def create_role(identity: Identity, *, name: str, grants: Sequence[str], description: str = "") -> Role:
    """Raises `Invalid` for grants that are none, `NotYoursToGive`, `Conflict` for a taken name."""
    require(identity, Verb.ROLE_MANAGE)
    wanted = checked_grants(grants)
    require_all(identity, wanted)
    try:
        with transaction.atomic():
            role = Role.objects.create(name=name, description=description, grants=[str(grant) for grant in wanted])
    except IntegrityError as error:
        text = f"There is a role {name}."
        raise Conflict(text, errors=[FieldError("/name", "taken", text)]) from error
    logger.info("role %s made by %s", name, identity.username)
    return role


@transaction.atomic
def change_role(
    identity: Identity, *, name: str, grants: Sequence[str] | None = None, description: str | None = None
) -> Role:
    """In force with the next request of whoever has it. Raises `RoleNotEditable` and what making one raises."""
    role = _own_role(identity, name)
    if grants is not None:
        wanted = checked_grants(grants)
        require_all(identity, wanted)
        role.grants = [str(grant) for grant in wanted]
    if description is not None:
        role.description = description
    Role.objects.filter(pk=role.pk).update(grants=role.grants, description=role.description, updated_at=Now())
    logger.info("role %s changed by %s", name, identity.username)
    return role


@transaction.atomic
def delete_role(identity: Identity, *, name: str) -> None:
    """Whoever has it loses it at once."""
    _own_role(identity, name).delete()
    logger.info("role %s deleted by %s", name, identity.username)


@transaction.atomic
def assign_role(
    identity: Identity,
    *,
    role: str,
    to: str | None = None,
    group: str | None = None,
    expires_at: datetime | None = None,
) -> RoleAssignment:
    """Gives a role to the identity `to` or to a group; given again, only its end changes.

    Raises `Invalid`, `UnknownRole`, `UnknownIdentity`, `UnknownGroup`, `NotYoursToGive`.
    """
    require(identity, Verb.ROLE_MANAGE)
    if (to is None) == (group is None):
        raise Invalid("A role is given to an identity or to a group.", errors=[_either()])
    if expires_at is not None and expires_at <= timezone.now():
        past = FieldError("/expires_at", "invalid", "lies in the past")
        raise Invalid("expires_at lies in the past.", errors=[past])
    row = get_role(identity, role)
    require_roles(identity, [row])
    holder: dict[str, Any] = (
        {"identity": get_identity(identity, to)} if to is not None else {"group": get_group(identity, group or "")}
    )
    assignment, _ = RoleAssignment.objects.update_or_create(
        role=row, **holder, defaults={"expires_at": expires_at, "assigned_by": identity}
    )
    assignment.refresh_from_db()
    logger.info("role %s given to %s by %s", role, to or group, identity.username)
    return assignment


@transaction.atomic
def unassign_role(identity: Identity, *, assignment_id: int) -> None:
    """Raises `UnknownAssignment`, `NotYoursToGive`."""
    require(identity, Verb.ROLE_MANAGE)
    found = RoleAssignment.objects.visible_to(identity).select_related("role").filter(pk=assignment_id).first()
    if found is None:
        raise UnknownAssignment
    require_roles(identity, [found.role])
    found.delete()
    logger.info("role %s taken back by %s", found.role.name, identity.username)


def _own_role(identity: Identity, name: str) -> Role:
    require(identity, Verb.ROLE_MANAGE)
    role = get_role(identity, name)
    if not role.is_editable:
        raise RoleNotEditable(f"The role {name} comes with {role.pack_ref or 'Attune'}; make one of your own.")
    require_roles(identity, [role])
    return role


def _either() -> FieldError:
    return FieldError("/identity", "contradiction", "give either identity or group")
