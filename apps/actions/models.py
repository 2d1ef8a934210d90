"""Actions: what can run. The row is what serves now; definitions are kept by content and pinned by executions."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.packs.models import Pack, PackVersion

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class ActionDefinition(models.Model):
    """One definition, named by the SHA-256 of its canonical JSON. Rows never change and are shared by versions."""

    digest = models.CharField(max_length=64, unique=True)
    body = models.JSONField()

    def __str__(self) -> str:
        return f"{self.body.get('name')} {self.digest[:12]}"


class ActionQuerySet(models.QuerySet["Action"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.ACTION_VIEW, Columns(pack="pack__ref", ref="ref")))


class Action(models.Model):
    """`ref` is stored and looked up whole. `enabled_override` is the operator's word against the file's."""

    ref = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=150)
    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="actions")
    version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, related_name="+")
    definition = models.ForeignKey(ActionDefinition, on_delete=models.PROTECT, related_name="+")
    description = models.TextField(blank=True, default="")
    runtime = models.CharField(max_length=100)
    is_enabled_by_pack = models.BooleanField(default=True)
    enabled_override = models.BooleanField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ["ref"]
        constraints = [models.UniqueConstraint(fields=["pack", "name"], name="action_name_in_pack")]

    def __str__(self) -> str:
        return self.ref

    @property
    def where(self) -> Place:
        return Place(pack=self.pack.ref, ref=self.ref)

    @property
    def is_enabled(self) -> bool:
        return self.is_enabled_by_pack if self.enabled_override is None else self.enabled_override
