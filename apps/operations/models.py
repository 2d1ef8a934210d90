"""Long administrative work as rows: what it is about, how far it is, what it said, how it ended."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class OperationQuerySet(models.QuerySet["Operation"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.OPERATION_VIEW, Columns(owner="requested_by")))

    def due(self, *, now: datetime, hinted_before: timedelta) -> Self:
        """Pending ones whose hint may have been lost."""
        stale = models.Q(hinted_at=None) | models.Q(hinted_at__lt=now - hinted_before)
        return self.filter(stale, status=Operation.Status.PENDING)


class Operation(models.Model):
    """`kind` names the handler (`pack.install`), `subject` what it is about, `input` what the handler was told."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=255)
    input = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    steps = models.JSONField(default=list, help_text="[{name, status, started_at, ended_at}]")
    progress = models.PositiveSmallIntegerField(default=0, help_text="per cent")
    log = models.TextField(default="", blank=True)
    outcome = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True, help_text="{code, detail, errors?}")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    limits = models.JSONField(
        default=list, db_default=[], blank=True, help_text="of the token it was asked for with; it is bound by each"
    )
    created_at = models.DateTimeField(db_default=Now())
    hinted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True, help_text="last sign of life of who runs it")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["hinted_at"],
                name="operation_unfinished",
                condition=models.Q(status__in=["pending", "running"]),
            ),
            models.Index(fields=["ended_at"], name="operation_ended", condition=models.Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def where(self) -> Place:
        return Place(owner_id=self.requested_by_id)

    @property
    def is_ended(self) -> bool:
        return self.status in (self.Status.SUCCEEDED, self.Status.FAILED)

    @property
    def duration_s(self) -> float | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()
