"""Packs and their installed versions. A version is an archive named by its digest; the pack points at the current
one."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.PACK_VIEW, Columns(pack="ref")))


class Pack(models.Model):
    """`safe_name` is the ref on disk; a second pack with the same one is refused."""

    ref = models.CharField(max_length=100, unique=True)
    safe_name = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    is_enabled = models.BooleanField(default=True)
    current = models.ForeignKey("PackVersion", null=True, on_delete=models.PROTECT, related_name="+")
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
    """`digest` names the content; `manifest` is `pack.yaml` as JSON. Rows never change."""

    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    manifest = models.JSONField()
    size_bytes = models.BigIntegerField()
    file_count = models.PositiveIntegerField()
    installed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    installed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["pack", "digest"], name="pack_version_digest")]

    def __str__(self) -> str:
        return f"{self.pack.ref} {self.version} ({self.digest[:12]})"
