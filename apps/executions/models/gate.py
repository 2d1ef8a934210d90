"""A limit with a line in front of it: one row per policy and value of its key. The row's lock deals the numbers."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Now

from apps.accounts.permissions import Verb
from apps.accounts.rights import rights_of
from apps.executions.models.policy import COLUMNS, Policy

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class GateQuerySet(models.QuerySet["Gate"]):
    def visible_to(self, identity: "Identity") -> Self:
        """Those of policies in scope; who stands at them is narrowed by executions."""
        narrowed = rights_of(identity).narrow(Verb.GATE_VIEW, COLUMNS)
        return self.filter(policy__in=Policy.objects.filter(narrowed)) if narrowed else self


class Gate(models.Model):
    """`last_seq` is the last number given out; numbers are gapless and in the order of commit."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="gates")
    key_hash = models.CharField(max_length=64)
    key_text = models.CharField(max_length=200, blank=True, default="", help_text="the key's value, shortened")
    last_seq = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(db_default=Now())

    objects = GateQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["policy", "key_hash"], name="gate_of_policy_and_key")]

    def __str__(self) -> str:
        return f"{self.policy.name} {self.key_text}".strip()


class Pass(models.Model):
    """Somebody passed a gate of a rate; written with `scheduled`, kept for the rate's window.

    From these the lines are built anew, and requests are judged that may be refused. `gate` is no constraint: the
    database would lock the gate's row for each.
    """

    gate = models.ForeignKey(
        Gate, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="passes"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "passes"
        indexes = [models.Index(fields=["gate", "at"], name="pass_of_gate")]

    def __str__(self) -> str:
        return f"{self.gate_id} {self.at}"
