"""What happened: written first, told afterwards, processed exactly once."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.EVENT_VIEW, Columns(pack="pack_ref", ref="type_ref")))

    def open(self) -> Self:
        """Not processed yet, in the order in which they came."""
        return self.filter(processed_at=None).order_by("pk")


class Event(models.Model):
    """One time a trigger type happened, with these parameters.

    `depth` counts the rules on the way to it: 0 from outside. `caused_by_id` is the execution that caused it, kept as
    a number: executions go before or after their events. `pack_ref` is that of the type.
    """

    class Source(models.TextChoices):
        TIMER = "timer"
        WEBHOOK = "webhook"
        SENSOR = "sensor"
        API = "api"
        INTERNAL = "internal"
        REPLAY = "replay"

    type_ref = models.CharField(max_length=255)
    pack_ref = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, help_text="of the parameters, as that of a trigger")
    parameters = models.JSONField(default=dict)
    payload = models.JSONField(default=dict)
    source = models.CharField(max_length=10, choices=Source)
    source_ref = models.CharField(max_length=255, blank=True, default="", help_text="which timer, webhook, sensor …")
    dedupe_key = models.CharField(max_length=255, null=True, blank=True)
    trace_id = models.UUIDField(default=uuid.uuid4)
    depth = models.PositiveSmallIntegerField(default=0, db_default=0)
    caused_by_id = models.BigIntegerField(null=True, blank=True)
    replay_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, db_index=False, related_name="replays")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="event_open", condition=Q(processed_at__isnull=True)),
            models.Index(fields=["type_ref", "id"], name="event_type"),
            models.Index(fields=["pack_ref", "id"], name="event_pack"),
            models.Index(fields=["trace_id"], name="event_trace"),
            models.Index(fields=["caused_by_id"], name="event_caused_by", condition=Q(caused_by_id__isnull=False)),
            models.Index(fields=["received_at"], name="event_received"),
            models.Index(fields=["replay_of"], name="event_replay_of", condition=Q(replay_of__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["type_ref", "digest", "dedupe_key"],
                condition=Q(dedupe_key__isnull=False),
                name="event_delivery_once",
            ),
            models.CheckConstraint(
                name="event_source_known",
                condition=Q(source__in=["timer", "webhook", "sensor", "api", "internal", "replay"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.type_ref}"

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref, ref=self.type_ref)
