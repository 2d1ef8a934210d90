"""Who acts: people, service accounts, and groups of both."""

from typing import TYPE_CHECKING, ClassVar, Optional

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.auth.models import Group as DjangoGroup
from django.db import models

from apps.accounts.grants import Place
from apps.accounts.querysets import GroupQuerySet, IdentityQuerySet

if TYPE_CHECKING:
    from apps.accounts.models.token import ApiToken
    from apps.accounts.rights import Rights


class IdentityManager(UserManager.from_queryset(IdentityQuerySet)):  # type: ignore[misc]  # made at run time
    """Django's, with the scopes of the queryset."""


class Identity(AbstractUser):
    """Somebody who can own a token, and, unless it is a service account, log in.

    What it may do comes from roles; `is_superuser` is the administrator of last resort, who may do everything whatever
    the roles say. Nobody is deleted: executions and tokens say whose they are.
    """

    class Kind(models.TextChoices):
        USER = "user"
        SERVICE = "service"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.USER, db_default=Kind.USER.value)
    sessions_epoch = models.PositiveIntegerField(default=0, db_default=0, help_text="raised to end all sessions")
    temporary_until = models.DateTimeField(
        null=True, blank=True, help_text="the password is a temporary one, good until then, and must be changed"
    )

    objects: ClassVar[IdentityManager] = IdentityManager()

    #: Of this request, none of them columns: the token it came with, whether it came with a session, and what it may.
    token: Optional["ApiToken"] = None
    has_session = False
    kept_rights: Optional["Rights"] = None

    class Meta(AbstractUser.Meta):
        verbose_name = "identity"
        verbose_name_plural = "identities"

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.is_superuser

    @property
    def is_service(self) -> bool:
        return self.kind == self.Kind.SERVICE

    @property
    def must_change_password_first(self) -> bool:
        """In a session; tokens are not asked for a password."""
        return self.has_session and self.temporary_until is not None

    @property
    def where(self) -> Place:
        return Place(owner_id=self.pk)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Every session carries this: a new password ends them, and so does a raised epoch."""
        return f"{super()._get_session_auth_hash(secret=secret)}.{self.sessions_epoch}"  # type: ignore[misc]  # Django's own hook, which the stubs leave out


class Group(DjangoGroup):
    """Identities that have the same roles; Django's table under our own name."""

    objects: ClassVar[models.Manager["Group"]] = GroupQuerySet.as_manager()  # type: ignore[assignment]  # ours in the place of Django's

    class Meta:
        proxy = True
        ordering = ["name"]
