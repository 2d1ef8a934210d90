"""What rules said of an event, and what came of those that matched."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.rules.models.rule import Rule
from apps.triggers.models import Event

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class Verdicts(models.Model):
    """Of every rule the event met, in one row: `{"<rule id>": {rule, version, outcome, criterion}}`.

    `outcome` is matched, criteria, error, backstop_not_needed or disabled; `criterion` the first one that said no.
    """

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.CASCADE, related_name="verdicts")
    body = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "verdicts"

    def __str__(self) -> str:
        return str(self.pk)


class EnforcementQuerySet(models.QuerySet["Enforcement"]):
    def visible_to(self, identity: "Identity") -> Self:
        """Who sees the rule sees what came of it."""
        columns = Columns(pack="rule__pack_ref", ref="rule__ref")
        return self.filter(rights_of(identity).narrow(Verb.RULE_VIEW, columns))

    def due(self) -> Self:
        """Those to decide now, in their order."""
        return self.filter(status=Enforcement.Status.PENDING, is_waiting=False).order_by("pk")


class Enforcement(models.Model):
    """An event met a rule whose criteria hold: the execution it started, or the reason for none.

    `is_waiting` stands while the rule's `overlap: queue` holds it back. `holds` stands from its start, where the
    rule's overlap is limited, until its execution is known to have ended. `attempt` counts tries that a bug ended.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        STARTED = "started"
        SKIPPED = "skipped"
        FAILED = "failed"
        SUPPRESSED = "suppressed"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="enforcements", db_index=False)
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="enforcements", db_index=False)
    rule_version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    reason = models.JSONField(null=True, blank=True, help_text="{code, text, …facts}")
    parameters = models.JSONField(default=dict, help_text="as rendered, secret ones as ***")
    # No constraint: executions are removed by their own age.
    execution = models.ForeignKey(
        "executions.Execution",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="enforcements",
    )
    is_waiting = models.BooleanField(default=False, db_default=False)
    holds = models.BooleanField(default=False, db_default=False)
    attempt = models.PositiveSmallIntegerField(default=0, db_default=0)
    at = models.DateTimeField(db_default=Now(), help_text="when it was decided last")

    objects = EnforcementQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="enforcement_due", condition=Q(status="pending", is_waiting=False)),
            models.Index(fields=["rule", "id"], name="enforcement_rule"),
            models.Index(fields=["status", "id"], name="enforcement_status"),
            models.Index(fields=["rule", "id"], name="enforcement_waiting", condition=Q(is_waiting=True)),
            models.Index(fields=["rule"], name="enforcement_holding", condition=Q(holds=True)),
            models.Index(fields=["execution"], name="enforcement_execution", condition=Q(execution__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "rule"], name="enforcement_once"),
            models.CheckConstraint(
                name="enforcement_status_known",
                condition=Q(status__in=["pending", "started", "skipped", "failed", "suppressed"]),
            ),
            models.CheckConstraint(
                name="enforcement_waits_only_pending", condition=Q(is_waiting=False) | Q(status="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"
