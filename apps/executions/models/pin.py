"""Executions that somebody wants to keep whatever retention says."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.executions.models.execution import Execution

MOST_REASON_CHARS = 500


class Pin(models.Model):
    """While it is there, nothing of the execution is removed, nor who asked for it, nor what it asked for."""

    execution = models.OneToOneField(Execution, primary_key=True, on_delete=models.CASCADE, related_name="pin")
    reason = models.CharField(max_length=MOST_REASON_CHARS)
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    pinned_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["execution"]

    def __str__(self) -> str:
        return f"{self.execution_id}: {self.reason}"
