"""Where things run: workers, what they can do, and when they were last heard of."""

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: What fits into `refusal`.
MOST_REFUSAL_CHARS = 255


class WorkerQuerySet(models.QuerySet["Worker"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.WORKER_VIEW, Columns()))

    def living(self) -> Self:
        return self.filter(status__in=Worker.LIVING)

    def taking(self) -> Self:
        """Those that take work now."""
        return self.filter(status=Worker.Status.ACTIVE, refusal="")

    def serving(self, queue: str) -> Self:
        """Those that would take work from `queue` now."""
        return self.taking().filter(queues__contains=[queue])


class SchemaVersion(models.Model):
    """One row: which tables these are, and the oldest workers that understand them (see `workers.schema`)."""

    number = models.PositiveIntegerField()
    oldest = models.PositiveIntegerField()

    def __str__(self) -> str:
        return str(self.number)


class Worker(models.Model):
    """One run of a worker process. A process that was lost and wakes registers anew, as another row."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        CORDONED = "cordoned"
        DRAINING = "draining"
        LOST = "lost"
        STOPPED = "stopped"

    LIVING = (Status.ACTIVE, Status.CORDONED, Status.DRAINING)

    name = models.CharField(max_length=120)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    pool = models.CharField(max_length=63)
    labels = models.JSONField(default=dict)
    runtimes = models.JSONField(default=dict, help_text="{runtime: [{version, interpreter}]}")
    missing_runtimes = models.JSONField(
        null=True, help_text="{runtime: why it cannot be run here}; null: a worker of an older version"
    )
    queues = ArrayField(models.CharField(max_length=255), default=list)
    slots = models.PositiveIntegerField()
    version = models.CharField(max_length=40, help_text="of Attune")
    volume_id = models.CharField(max_length=64, help_text="of the folder in which it builds environments")
    runs_as = models.CharField(max_length=64, blank=True, db_default="", help_text="user of actions and builds")
    is_apart = models.BooleanField(db_default=False, help_text="that user is not the worker's own")
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    refusal = models.CharField(
        max_length=MOST_REFUSAL_CHARS, blank=True, default="", help_text="why it takes nothing of its own accord"
    )
    is_stopping = models.BooleanField(default=False, help_text="its process was told to end")
    started_at = models.DateTimeField(db_default=Now())
    last_heartbeat = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(status__in=["active", "cordoned", "draining"]),
                name="worker_name_among_living",
            )
        ]
        indexes = [GinIndex(fields=["queues"], condition=models.Q(status="active"), name="worker_queues_active")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_living(self) -> bool:
        return self.status in self.LIVING
