"""Addresses to which others post what happened; their secrets, and what came of each delivery."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.WEBHOOK_VIEW, Columns(pack="pack_ref", ref="url")))


class Webhook(models.Model):
    """`/api/v1/webhooks/<url>`: who may post there, how often, and which headers an event keeps besides the usual.

    `created_by` is empty where a rule that listens to the url made it.
    """

    class Authentication(models.TextChoices):
        TOKEN = "token", "token: a token of its own, or an API token with event.send"
        HMAC = "hmac", "hmac: Attune's own signature"
        GITHUB = "github", "github: the signature of GitHub"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    url = models.CharField(max_length=200, unique=True, help_text="segments with slashes between them: github/pushes")
    authentication = models.CharField(max_length=20, choices=Authentication)
    rate_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="empty: no limit")
    is_enabled = models.BooleanField(default=True)
    may_wait = models.BooleanField(default=True, help_text="whether a sender may ask for the result of what it starts")
    headers = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    description = models.TextField(blank=True, default="")
    pack_ref = models.CharField(max_length=100, blank=True, default="", db_index=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["url"]
        constraints = [
            models.CheckConstraint(name="webhook_rate_positive", condition=Q(rate_per_minute__gt=0)),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref or None, ref=self.url)


class WebhookSecret(models.Model):
    """One secret of a webhook, sealed. The newest one counts, and the one before it until `ends_at`."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="secrets")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["webhook", "number"], name="webhook_secret_number")]

    def __str__(self) -> str:
        return f"{self.webhook_id}/{self.number}"

    @property
    def bound_to(self) -> str:
        """The additional data: a ciphertext moved to another webhook does not open. Reads the webhook."""
        return f"attune:webhook:v1|{self.webhook.uuid}|{self.number}"

    def counts(self, now: datetime) -> bool:
        return self.ends_at is None or self.ends_at > now


class WebhookDelivery(models.Model):
    """What came of one request to a webhook: never what it said, nor what it proved itself with.

    `reason` is a code, empty where it was accepted. `event_id` and `delivery_id` (the sender's name for it) are values:
    events go before or after their deliveries.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        REPEATED = "repeated", "repeated: it was here before, and is the same event"
        REFUSED = "refused"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, db_index=False, related_name="deliveries")
    at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=40, blank=True, default="")
    status = models.PositiveSmallIntegerField()
    event_id = models.BigIntegerField(null=True)
    delivery_id = models.CharField(max_length=200, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")
    size = models.PositiveIntegerField(help_text="bytes of the body")

    class Meta:
        ordering = ["-id"]
        verbose_name = "delivery of a webhook"
        verbose_name_plural = "deliveries of webhooks"
        indexes = [
            models.Index(fields=["webhook", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["at"], name="webhook_delivery_at"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.at}: {self.outcome}"


class SignedDelivery(models.Model):
    """A signature that was accepted, by its fingerprint, for as long as it could come again."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, db_index=False, related_name="+")
    fingerprint = models.BinaryField(max_length=32)
    event_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        verbose_name = "signed delivery"
        verbose_name_plural = "signed deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "fingerprint"], name="signed_delivery_once")]
        indexes = [models.Index(fields=["at"], name="signed_delivery_at")]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.event_id}"
