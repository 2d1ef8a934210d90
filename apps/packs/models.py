"""Packs and their installed versions. A version is an archive named by its digest; the pack points at the current
one."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.packs.origin import Origin

if TYPE_CHECKING:
    from apps.accounts.models import Identity


#: Of where a version came from, what is kept.
SOURCE_CHARS = 1024


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.installed().filter(rights_of(identity).narrow(Verb.PACK_VIEW, Columns(pack="ref")))

    def installed(self) -> Self:
        """Without those that were removed and are kept only for what is pinned to a version of them."""
        return self.filter(removed_at=None)


class Pack(models.Model):
    """`safe_name` is the ref on disk; a second pack with the same one is refused.

    `uuid` tells this pack from one that is installed under its ref after it was removed: that one gets none of its
    keys. A removed one has no current version; its row stays until nothing is pinned to a version of it.
    """

    ref = models.CharField(max_length=100, unique=True)
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    safe_name = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    is_enabled = models.BooleanField(default=True)
    current = models.ForeignKey("PackVersion", null=True, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ["ref"]

    def __str__(self) -> str:
        return self.ref

    @property
    def where(self) -> Place:
        return Place(pack=self.ref)


class PackVersion(models.Model):
    """`digest` names the content; `manifest` is `pack.yaml` as JSON, `config_schema` what `config.schema.yaml`
    declares. Rows never change, but for where the same content was asked for last."""

    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    manifest = models.JSONField()
    config_schema = models.JSONField(db_default={}, default=dict)
    size_bytes = models.BigIntegerField()
    file_count = models.PositiveIntegerField()
    source = models.CharField(max_length=SOURCE_CHARS, blank=True, db_default="", help_text="where it came from")
    commit = models.CharField(max_length=64, blank=True, db_default="", help_text="of git, where it came from there")
    asked = models.JSONField(db_default={}, default=dict, help_text="{kind, address?, ref?}: how it was asked for")
    installed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    installed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["pack", "digest"], name="pack_version_digest")]

    def __str__(self) -> str:
        return f"{self.pack.ref} {self.version} ({self.digest[:12]})"

    @property
    def origin(self) -> Origin:
        return Origin(text=self.source, commit=self.commit, **self.asked)


class PackConfig(models.Model):
    """What an operator set for a pack: `values` in the open, the secret ones together in `sealed`."""

    pack = models.OneToOneField(Pack, on_delete=models.CASCADE, related_name="config")
    values = models.JSONField(default=dict)
    sealed = models.BinaryField(null=True)
    secrets = models.JSONField(default=list, help_text="names of what is in `sealed`")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "pack configuration"

    def __str__(self) -> str:
        return self.pack.ref

    @staticmethod
    def bound_to(pack_uuid: uuid.UUID) -> str:
        """The additional data of the sealed values: those of another pack do not open."""
        return f"attune:config:v1|{pack_uuid}"
