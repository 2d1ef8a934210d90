"""Rules: when this happens, and these criteria hold, run that."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.triggers.models import Trigger

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class RuleQuerySet(models.QuerySet["Rule"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.RULE_VIEW, Columns(pack="pack_ref", ref="ref")))

    def in_force(self) -> Self:
        return self.filter(is_removed=False)

    def active(self) -> Self:
        return self.in_force().filter(is_enabled=True, is_pack_enabled=True)


class Rule(models.Model):
    """What it says now; `version` is raised with every change of it, and `RuleVersion` keeps each.

    A `backstop` rule runs when no other rule of its trigger matched. `enabled_override` is the operator's word against
    the file's; `is_enabled` is what holds. A rule of a disabled pack does nothing either: `is_active`.
    """

    class Kind(models.TextChoices):
        STANDARD = "standard"
        BACKSTOP = "backstop"

    class Overlap(models.TextChoices):
        ALLOW = "allow"
        SKIP = "skip"
        QUEUE = "queue"
        CANCEL_RUNNING = "cancel_running"

    class Dialect(models.TextChoices):
        ATTUNE = "attune"
        STACKSTORM = "stackstorm"

    class Source(models.TextChoices):
        PACK = "pack"
        MADE = "made"

    ref = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=150)
    pack_ref = models.CharField(max_length=100, blank=True, default="", db_index=True)
    description = models.TextField(blank=True, default="")
    trigger = models.ForeignKey(Trigger, on_delete=models.PROTECT, related_name="rules")
    criteria = models.JSONField(default=dict)
    action_ref = models.CharField(max_length=255, db_index=True)
    parameters = models.JSONField(default=dict, help_text="templates of the action's parameters")
    is_enabled = models.BooleanField(default=True)
    enabled_override = models.BooleanField(null=True, blank=True)
    is_pack_enabled = models.BooleanField(default=True, db_default=True, help_text="true for a rule of no pack")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.STANDARD)
    overlap = models.CharField(max_length=20, choices=Overlap, default=Overlap.ALLOW)
    dialect = models.CharField(max_length=12, choices=Dialect, default=Dialect.ATTUNE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    limits = models.JSONField(default=list, help_text="of the token it was made with; what it runs may do no more")
    version = models.PositiveIntegerField(default=1)
    source = models.CharField(max_length=10, choices=Source, default=Source.MADE)
    is_removed = models.BooleanField(default=False)
    labels = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["ref"]
        indexes = [GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], name="rule_labels")]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_active(self) -> bool:
        """An event that fits makes it act."""
        return self.is_enabled and self.is_pack_enabled

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref or None, ref=self.ref)


class RuleVersion(models.Model):
    """What a rule said once, and as whom it acted, with `limits` as the rule's. Rows never change."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    body = models.JSONField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    limits = models.JSONField(default=list)
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="rule_version_once")]

    def __str__(self) -> str:
        return f"{self.rule_id} version {self.version}"
