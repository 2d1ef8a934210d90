"""Makes, changes and switches off identities and groups. Nobody changes an identity that may more than they do."""

import logging
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.grants import Grant
from apps.accounts.models import ApiToken, Group, Identity, Role
from apps.accounts.permissions import Verb, require
from apps.accounts.services.granting import require_all, require_no_less, require_roles
from apps.core.errors import Conflict, FieldError, Invalid, NotFound

logger = logging.getLogger(__name__)

#: A temporary password works for so long.
TEMPORARY_FOR = timedelta(hours=24)


class UnknownIdentity(NotFound):
    """There is no such identity, or it is not yours to see."""

    code = "unknown_identity"


class UnknownGroup(NotFound):
    """There is no such group."""

    code = "unknown_group"


class LastAdministrator(Conflict):
    """Somebody has to be able to administer Attune: make another administrator first."""

    code = "last_administrator"


@dataclass(frozen=True)
class WithPassword:
    """`password` is shown once and kept nowhere; empty for a service account."""

    identity: Identity
    password: str


def get_identity(identity: Identity, name: str) -> Identity:
    found: Identity | None = Identity.objects.visible_to(identity).filter(username=name).first()
    if found is None:
        raise UnknownIdentity(f"There is no identity {name}.")
    return found


def get_group(identity: Identity, name: str) -> Group:
    found = Group.objects.visible_to(identity).filter(name=name).first()
    if found is None:
        raise UnknownGroup(f"There is no group {name}.")
    return found


@transaction.atomic
def create_identity(identity: Identity, *, name: str, kind: str = Identity.Kind.USER, email: str = "") -> WithPassword:
    """A user with a temporary password, or a service account, which has none. Neither may anything yet.

    Raises `Conflict` for a taken name; names that differ only in case are taken too. Raises `Invalid` for one that is
    written in another way than logins write it, and so looks like another.
    """
    require(identity, Verb.IDENTITY_MANAGE)
    if name != unicodedata.normalize("NFKC", name):
        detail = f"write it as {unicodedata.normalize('NFKC', name)}"
        raise Invalid(f"The name is not valid: {detail}.", errors=[FieldError("/name", "invalid", detail)])
    if Identity.objects.filter(username__iexact=name).exists():
        raise _taken(name)
    is_user = kind == Identity.Kind.USER
    password = secrets.token_urlsafe(12) if is_user else ""
    row = Identity(
        username=name, kind=kind, email=email, password=make_password(password or None),
        temporary_until=timezone.now() + TEMPORARY_FOR if is_user else None,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(name) from error
    logger.info("identity %s made by %s", name, identity.username)
    return WithPassword(row, password)


@transaction.atomic
def change_identity(
    identity: Identity,
    *,
    name: str,
    email: str | None = None,
    is_active: bool | None = None,
    is_administrator: bool | None = None,
) -> Identity:
    """Switching off ends all sessions; its tokens are nobody's until it is switched on again.

    Raises `UnknownIdentity`, `NotYoursToGive`, `LastAdministrator`.
    """
    require(identity, Verb.IDENTITY_MANAGE)
    row = get_identity(identity, name)
    require_no_less(identity, row)
    if is_administrator is not None:
        require_all(identity, [Grant("*")])  # not `is_superuser`: its token may be bound
    if is_administrator and row.is_service:
        detail = "a service account is no administrator of last resort: nobody can log in with it"
        raise Invalid(detail, errors=[FieldError("/is_administrator", "contradiction", detail)])
    if (is_active is False or is_administrator is False) and row.is_administrator:
        _keep_one_administrator(without=row)
    said: dict[str, Any] = {"email": email, "is_active": is_active, "is_superuser": is_administrator}
    changes: dict[str, Any] = {field: value for field, value in said.items() if value is not None}
    if is_active is False:
        changes["sessions_epoch"] = F("sessions_epoch") + 1
    if changes:
        Identity.objects.filter(pk=row.pk).update(**changes)
        logger.info("identity %s changed by %s: %s", name, identity.username, ", ".join(changes))
    row.refresh_from_db()
    return row


@transaction.atomic
def reset_password(identity: Identity, *, name: str, end_tokens: bool = False) -> WithPassword:
    """A temporary password in the place of the old one; all sessions end. Raises what changing one raises."""
    require(identity, Verb.IDENTITY_MANAGE)
    row = get_identity(identity, name)
    require_no_less(identity, row)
    if row.is_service:
        raise Conflict(f"{name} is a service account: it has no password, only tokens.")
    password = secrets.token_urlsafe(12)
    _set_password(row, password, temporary=True, end_tokens=end_tokens)
    logger.info("password of %s reset by %s", name, identity.username)
    return WithPassword(row, password)


def set_own_password(identity: Identity, password: str, *, end_tokens: bool = False) -> None:
    """All its sessions end, also the one that asks, unless the caller begins it anew."""
    with transaction.atomic():
        _set_password(identity, password, temporary=False, end_tokens=end_tokens)
    logger.info("password of %s changed", identity.username)


def end_everything(identity: Identity, *, name: str) -> None:
    """Ends all sessions and tokens of an identity, which stays switched on."""
    require(identity, Verb.IDENTITY_MANAGE)
    row = get_identity(identity, name)
    require_no_less(identity, row)
    with transaction.atomic():
        Identity.objects.filter(pk=row.pk).update(sessions_epoch=F("sessions_epoch") + 1)
        ApiToken.objects.filter(identity=row).delete()
    logger.info("sessions and tokens of %s ended by %s", name, identity.username)


@transaction.atomic
def create_group(identity: Identity, *, name: str) -> Group:
    require(identity, Verb.IDENTITY_MANAGE)
    group, is_new = Group.objects.get_or_create(name=name)
    if not is_new:
        text = f"There is a group {name}."
        raise Conflict(text, errors=[FieldError("/name", "taken", text)])
    logger.info("group %s made by %s", name, identity.username)
    return group


@transaction.atomic
def set_members(identity: Identity, *, name: str, members: Sequence[str]) -> Group:
    """Exactly `members` are in the group from now on. Raises `NotYoursToGive` when the group may what `identity` may
    not, `Invalid` for a member there is not."""
    require(identity, Verb.IDENTITY_MANAGE)
    group = get_group(identity, name)
    require_roles(identity, Role.objects.filter(assignments__group=group.pk))
    rows = {row.username: row for row in Identity.objects.visible_to(identity).filter(username__in=members)}
    errors = [
        FieldError(f"/members/{index}", "unknown_identity", f"there is no identity {member}")
        for index, member in enumerate(members)
        if member not in rows
    ]
    if errors:
        raise Invalid("Not every member is there.", errors=errors)
    group.user_set.set(list(rows.values()))
    logger.info("group %s has %d members now, by %s", name, len(rows), identity.username)
    return group


@transaction.atomic
def delete_group(identity: Identity, *, name: str) -> None:
    """Its members lose what it gave them."""
    require(identity, Verb.IDENTITY_MANAGE)
    group = get_group(identity, name)
    require_roles(identity, Role.objects.filter(assignments__group=group.pk))
    group.delete()
    logger.info("group %s deleted by %s", name, identity.username)


def _set_password(row: Identity, password: str, *, temporary: bool, end_tokens: bool) -> None:
    row.set_password(password)
    row.temporary_until = timezone.now() + TEMPORARY_FOR if temporary else None
    Identity.objects.filter(pk=row.pk).update(
        password=row.password, temporary_until=row.temporary_until, sessions_epoch=F("sessions_epoch") + 1
    )
    row.refresh_from_db(fields=["sessions_epoch"])
    row.kept_rights = None
    if end_tokens:
        ApiToken.objects.filter(identity=row).delete()


def _keep_one_administrator(*, without: Identity) -> None:
    """Locks all of them in one order: two who unmake each other at once do not both succeed."""
    rows = Identity.objects.administrators().select_for_update().order_by("pk")
    if not [row for row in rows if row.pk != without.pk and not row.is_service]:
        raise LastAdministrator


def _taken(name: str) -> Conflict:
    text = f"There is an identity {name}."
    return Conflict(text, errors=[FieldError("/name", "taken", text)])
