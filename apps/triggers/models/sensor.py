"""Sensors of packs, and how each of their instances stands: who runs it, until when, and why not."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: What fits into the columns that are for people.
MOST_REASON_CHARS = 1000


class SensorQuerySet(models.QuerySet["Sensor"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.SENSOR_VIEW, Columns(pack="pack_ref", ref="ref")))

    def in_force(self) -> Self:
        return self.filter(is_removed=False)


class Sensor(models.Model):
    """What a file in `sensors/` of a pack's current version says. `enabled_override` is the operator's word against it.

    A removed one keeps its row: its log is still to be read, and its events name it.
    """

    ref = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=150)
    pack_ref = models.CharField(max_length=100, db_index=True)
    pack_digest = models.CharField(max_length=64, help_text="of the version that serves")
    description = models.TextField(blank=True, default="")
    definition = models.JSONField(help_text="the file, with every default filled in")
    is_enabled_by_pack = models.BooleanField(default=True)
    enabled_override = models.BooleanField(null=True, blank=True)
    is_removed = models.BooleanField(default=False)
    updated_at = models.DateTimeField(db_default=Now())

    objects = SensorQuerySet.as_manager()

    class Meta:
        ordering = ["ref"]

    def __str__(self) -> str:
        return self.ref

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref, ref=self.ref)

    @property
    def is_enabled(self) -> bool:
        return self.is_enabled_by_pack if self.enabled_override is None else self.enabled_override


class SensorInstance(models.Model):
    """The one run of a sensor in the whole fleet.

    `holder` has the lease until `lease_until`, by the database's clock; `fence` grows with each new holder, so that an
    old one that did not notice is told apart. `starts` counts processes, and names the folders of their logs.
    """

    class State(models.TextChoices):
        STARTING = "starting"
        RUNNING = "running"
        BACKING_OFF = "backing_off"
        STOPPED = "stopped"
        NO_PLACE = "no_place"

    sensor = models.OneToOneField(Sensor, on_delete=models.CASCADE, related_name="instance")
    state = models.CharField(max_length=12, choices=State, default=State.STOPPED, db_default=State.STOPPED)
    reason = models.TextField(blank=True, default="", db_default="", help_text="why it is in this state")
    state_since = models.DateTimeField(db_default=Now())
    next_start_at = models.DateTimeField(null=True, help_text="of one that backs off, or is run again and again")
    holder = models.CharField(max_length=255, blank=True, default="", db_default="")
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0, db_default=0)
    starts = models.BigIntegerField(default=0, db_default=0)
    restarts_wanted = models.BigIntegerField(default=0, db_default=0, help_text="how often one was asked for")
    failures = models.PositiveIntegerField(default=0, db_default=0, help_text="starts that ended badly, in a row")
    started_at = models.DateTimeField(null=True)
    stderr_tail = models.TextField(blank=True, default="", db_default="", help_text="of the last process that ended")
    events = models.BigIntegerField(default=0, db_default=0, help_text="recorded, in all")
    refused = models.BigIntegerField(default=0, db_default=0, help_text="lines that became no event, in all")
    last_event_at = models.DateTimeField(null=True)
    last_refusal = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sensor_state_known",
                condition=models.Q(state__in=["starting", "running", "backing_off", "stopped", "no_place"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.sensor.ref} {self.state}"
