"""Keys: values of operators that actions are given, each with an owner and sealed; and the canary that proves the
keyring."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class KeyringCanary(models.Model):
    """One sealed known text per key-encryption key that has encrypted what is still here."""

    key_id = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "keyring canary"
        verbose_name_plural = "keyring canaries"

    def __str__(self) -> str:
        return self.key_id

    @staticmethod
    def bound_to(key_id: str) -> str:
        """The additional data of the sealed text."""
        return f"attune:canary:v1|{key_id}"


class KeyQuerySet(models.QuerySet["Key"]):
    def visible_to(self, identity: "Identity") -> Self:
        """That a key exists is told to whoever may look at keys; its value to nobody who lists them."""
        return self.filter(rights_of(identity).narrow(Verb.KEY_VIEW, Columns(pack="owner_pack", ref=_of_things)))


#: Owners that are things in packs, with a ref of their own.
_THINGS = ("action", "sensor")


def _of_things(refs: list[str]) -> models.Q:
    return models.Q(owner_type__in=_THINGS, owner_ref__in=refs)


class Key(models.Model):
    """A named value and whose it is.

    The owner is a value, not a foreign key: its uuid tells a pack from another one that is installed later under the
    same ref, which must not get the keys of the first.
    """

    class OwnerType(models.TextChoices):
        SYSTEM = "system"
        PACK = "pack"
        ACTION = "action"
        SENSOR = "sensor"
        IDENTITY = "identity"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner_type = models.CharField(max_length=10, choices=OwnerType)
    owner_ref = models.CharField(max_length=255, blank=True, default="")
    owner_uuid = models.UUIDField()
    owner_pack = models.CharField(max_length=100, blank=True, default="", help_text="ref of the pack it belongs to")
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True, default="")
    is_encrypted = models.BooleanField(default=True, help_text="a key that is not may be shown, and is not masked")
    expires_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0, help_text="number of the version that counts")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = KeyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["owner_type", "owner_uuid", "name"], name="key_of_owner")]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """`name`, or `pack:<ref>:name` and the like."""
        if self.owner_type == self.OwnerType.SYSTEM:
            return self.name
        return f"{self.owner_type}:{self.owner_ref}:{self.name}"

    @property
    def where(self) -> Place:
        return place_of(self.owner_type, self.owner_ref, pack=self.owner_pack)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def bound_to(self, number: int) -> str:
        """The additional data of one version: a ciphertext moved to another row or owner does not open."""
        return f"attune:secret:v1|{self.uuid}|{number}|{self.owner_type}|{self.owner_uuid}|{self.name}"


class KeyVersion(models.Model):
    """One value a key has had. Of a version that was replaced the value is erased; that it existed stays."""

    key = models.ForeignKey(Key, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField(null=True)
    plain = models.JSONField(null=True, help_text="of a key that is not encrypted")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="key_version_number"),
            models.CheckConstraint(
                condition=models.Q(sealed__isnull=True) | models.Q(plain__isnull=True), name="key_version_one_value"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_id}/{self.number}"


def place_of(owner_type: str, owner_ref: str, *, pack: str) -> Place:
    """Where the keys of an owner are: those of the system nowhere but in everything."""
    return Place(pack=pack or None, ref=owner_ref if owner_type in _THINGS else None)
