"""What can happen (types), and which of it, with which parameters, somebody waits for."""

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class TriggerTypeQuerySet(models.QuerySet["TriggerType"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.TRIGGER_VIEW, Columns(pack="pack_ref", ref="ref")))

    def in_force(self) -> Self:
        return self.filter(is_removed=False)

    def called(self, ref: str) -> Self:
        """By its own ref, or by another name for it."""
        return self.filter(Q(ref=ref) | Q(aliases__contains=[ref]))


class TriggerType(models.Model):
    """One thing that can happen. `aliases` are other names for it, under which it is found but never kept."""

    ref = models.CharField(max_length=255, unique=True)
    pack_ref = models.CharField(max_length=100, db_index=True)
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True, default="")
    payload_schema = models.JSONField(default=dict, help_text="JSON Schema of the whole payload; {} takes anything")
    parameters_schema = models.JSONField(default=dict, help_text="JSON Schema of the parameters; {} knows none")
    aliases = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    is_removed = models.BooleanField(default=False, help_text="no longer in its pack, but rules or events name it")
    updated_at = models.DateTimeField(db_default=Now())

    objects = TriggerTypeQuerySet.as_manager()

    class Meta:
        ordering = ["ref"]
        indexes = [GinIndex(fields=["aliases"], name="trigger_type_aliases")]

    def __str__(self) -> str:
        return self.ref

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref, ref=self.ref)


class Trigger(models.Model):
    """A type with parameters: what rules listen to.

    `digest` is the SHA-256 of the parameters' canonical JSON, defaults filled in. `rules_version` is another in
    the transaction of every change of a rule that listens to it, so that who keeps those rules knows when to read anew.
    """

    type = models.ForeignKey(TriggerType, on_delete=models.PROTECT, related_name="triggers")
    parameters = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    is_listened = models.BooleanField(default=False)
    rules_version = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["type", "digest"], name="trigger_once")]

    def __str__(self) -> str:
        return f"{self.type.ref} {self.digest[:12]}"
