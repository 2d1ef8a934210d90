"""The story of each execution, written by the same statement that moved it; unannounced rows are the outbox."""

from django.db import models
from django.db.models.functions import Now


class History(models.Model):
    """One transition. `facts` tell how an attempt ended (exit code, error, bytes of output)."""

    execution = models.ForeignKey(
        "executions.Execution", on_delete=models.CASCADE, related_name="history", db_index=False
    )
    attempt = models.PositiveIntegerField()
    status = models.CharField(max_length=10)
    reason = models.JSONField(null=True, blank=True)
    facts = models.JSONField(null=True, blank=True)
    # No constraint: the database would look through all of the history for each worker that is forgotten.
    worker = models.ForeignKey(
        "workers.Worker", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())
    announced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "history"
        indexes = [
            models.Index(fields=["execution", "id"], name="history_of_execution"),
            models.Index(fields=["id"], name="history_unannounced", condition=models.Q(announced_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} #{self.attempt} {self.status}"
