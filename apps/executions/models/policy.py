"""Limits. A policy row keeps its id over reloads of the pack it comes from."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Now

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class PolicyQuerySet(models.QuerySet["Policy"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self if identity.is_active else self.none()

    def in_force(self) -> Self:
        return self.filter(is_removed=False)


class Policy(models.Model):
    """At most `limit` executions at a time for its scope, or for each value of `key` in its scope.

    `source=action` rows come from the action's own file; operators override their limit with `limit_override`.
    A removed policy stays, without a limit, until its last execution is gone.
    """

    class Scope(models.TextChoices):
        ACTION = "action"
        PACK = "pack"
        SYSTEM = "system"

    class Source(models.TextChoices):
        ACTION = "action"
        OPERATOR = "operator"

    class WhenFull(models.TextChoices):
        QUEUE = "queue"
        CANCEL = "cancel"
        REJECT = "reject"

    name = models.CharField(max_length=255)
    scope = models.CharField(max_length=10, choices=Scope)
    subject = models.CharField(max_length=255, blank=True, default="", help_text="ref of the action or pack")
    source = models.CharField(max_length=10, choices=Source)
    pack_ref = models.CharField(max_length=100, blank=True, default="", help_text="of source=action: the action's pack")
    limit = models.PositiveIntegerField()
    limit_override = models.PositiveIntegerField(null=True, blank=True)
    limit_version = models.PositiveBigIntegerField(
        default=1, help_text="raised with every change of the limit in force"
    )
    key = models.CharField(max_length=1000, null=True, blank=True)
    when_full = models.CharField(max_length=10, choices=WhenFull, default=WhenFull.QUEUE)
    max_waiting = models.PositiveIntegerField(null=True, blank=True)
    expires_s = models.FloatField(null=True, blank=True)
    is_removed = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=models.Q(source="action"), name="policy_of_action_file"
            ),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(source="operator", is_removed=False), name="policy_name"
            ),
            models.CheckConstraint(
                name="policy_subject_fits_scope",
                condition=models.Q(scope="system", subject="") | (~models.Q(scope="system") & ~models.Q(subject="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def decides_at_request(self) -> bool:
        """Whether a request may be refused or canceled because the gate is full."""
        return self.when_full != self.WhenFull.QUEUE or self.max_waiting is not None

    @property
    def limit_in_force(self) -> int | None:
        """None: no limit."""
        if self.is_removed:
            return None
        return self.limit if self.limit_override is None else self.limit_override
