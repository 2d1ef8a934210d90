"""When a trigger of time is due next, and how it went so far."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.triggers.models.trigger import Trigger

if TYPE_CHECKING:
    from apps.accounts.models import Identity

_COLUMNS = Columns(pack="trigger__type__pack_ref", ref="trigger__type__ref")
_LISTENED = Q(trigger__is_listened=True)
_RUNS = _LISTENED & Q(is_paused=False, trouble="")
_IN_STATUS = {
    "stopped": ~_LISTENED,
    "paused": _LISTENED & Q(is_paused=True),
    "trouble": _LISTENED & Q(is_paused=False) & ~Q(trouble=""),
    "active": _RUNS & Q(next_fire_at__isnull=False),
    "over": _RUNS & Q(next_fire_at__isnull=True),
}


class TimerQuerySet(models.QuerySet["Timer"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.TRIGGER_VIEW, _COLUMNS))

    def in_status(self, statuses: Iterable[str]) -> Self:
        """As the property says it, in SQL."""
        return self.filter(reduce(or_, (_IN_STATUS[status] for status in statuses)))

    def due(self) -> Self:
        """By the clock of the database, the longest due first."""
        return self.filter(next_fire_at__lte=Now()).order_by("next_fire_at", "pk")


class Timer(models.Model):
    """One for each trigger of a timer's type that a rule has ever listened to.

    `next_fire_at` is `next_scheduled_for` and its jitter; both are null while it is paused, not listened to, over, or
    in `trouble`. An interval without a start of its own is reckoned from `anchored_at`.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        OVER = "over"
        STOPPED = "stopped"
        TROUBLE = "trouble"

    trigger = models.OneToOneField(Trigger, on_delete=models.CASCADE, related_name="timer")
    anchored_at = models.DateTimeField(help_text="when it was made")
    next_scheduled_for = models.DateTimeField(null=True, blank=True)
    next_fire_at = models.DateTimeField(null=True, blank=True)
    last_scheduled_for = models.DateTimeField(null=True, blank=True)
    last_fired_at = models.DateTimeField(null=True, blank=True)
    fired = models.BigIntegerField(default=0, db_default=0, help_text="how often")
    misfires = models.BigIntegerField(default=0, db_default=0, help_text="times that were given up")
    is_paused = models.BooleanField(default=False)
    trouble = models.TextField(blank=True, default="", help_text="why it cannot fire")

    objects = TimerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["next_fire_at"], name="timer_due", condition=Q(next_fire_at__isnull=False))]
        constraints = [
            models.CheckConstraint(
                name="timer_next_is_whole",
                condition=Q(next_fire_at__isnull=True, next_scheduled_for__isnull=True)
                | Q(next_fire_at__isnull=False, next_scheduled_for__isnull=False, is_paused=False, trouble=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.trigger}"

    @property
    def where(self) -> Place:
        return self.trigger.type.where

    @property
    def status(self) -> Status:
        if not self.trigger.is_listened:
            return self.Status.STOPPED
        if self.is_paused:
            return self.Status.PAUSED
        if self.trouble:
            return self.Status.TROUBLE
        return self.Status.ACTIVE if self.next_fire_at else self.Status.OVER
