"""Who did what, on what, from where, and how it went. Rows are added and never changed: the database refuses."""

from typing import TYPE_CHECKING, Self

from django.db import models

from apps.accounts.permissions import Verb, may

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class AuditQuerySet(models.QuerySet["AuditRecord"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self if may(identity, Verb.AUDIT_VIEW) else self.none()


class AuditRecord(models.Model):
    """`who` is a name as it was then, `who_id` that identity's id; both are values, as a row outlives its identity.

    What a worker does for a running action has `execution 17` in `who`, and no `who_id`. What an action does with
    its own token has the identity for which it acts, and `execution` in its facts.
    """

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused", "refused: who asked may not"
        FAILED = "failed", "failed: it could not be done as asked"

    at = models.DateTimeField(db_default=models.Func(function="clock_timestamp", output_field=models.DateTimeField()))
    who = models.CharField(max_length=150, blank=True, db_default="")
    who_id = models.BigIntegerField(null=True)
    deed = models.CharField(max_length=60)
    on = models.CharField(max_length=400, blank=True, db_default="", db_column="on_ref")
    outcome = models.CharField(max_length=7, choices=Outcome)
    address = models.CharField(max_length=45, blank=True, db_default="")
    request_id = models.CharField(max_length=64, blank=True, db_default="")
    facts = models.JSONField(default=dict)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "audit record"
        indexes = [
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["who", "id"], name="audit_who"),
            models.Index(fields=["deed", "id"], name="audit_deed"),
            models.Index(fields=["on", "id"], name="audit_on"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.deed} {self.on}: {self.outcome}"
