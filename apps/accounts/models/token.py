"""API tokens: shown once, kept as a hash."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Grant, read
from apps.accounts.querysets import ApiTokenQuerySet


class ApiToken(models.Model):
    """`att_<public_id>_<secret>`; only the SHA-256 of the secret is kept (it is random, so a slow hash adds
    nothing).

    It may do what its identity may and every one of its `limits` allows. An execution's token says whose it is; the
    execution is a value, not a row this room knows.
    """

    identity = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    public_id = models.CharField(max_length=16, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    limits = models.JSONField(default=list, db_default=[], blank=True, help_text="lists of grants; it is bound by each")
    execution_id = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "API token"
        indexes = [
            models.Index(
                fields=["execution_id"],
                name="token_of_execution",
                condition=models.Q(execution_id__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (att_{self.public_id}_…)"

    @property
    def layers(self) -> tuple[tuple[Grant, ...], ...]:
        return tuple(read(grants) for grants in self.limits)

    @property
    def grants(self) -> list[str] | None:
        """As it was asked for; None where it may do all that its identity may."""
        return self.limits[-1] if self.limits else None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class ExecutionLimits(models.Model):
    """An execution was asked for with a limited token: what runs for it may do no more. Only of those whose action
    asks for a token of its own."""

    execution_id = models.BigIntegerField(primary_key=True)
    limits = models.JSONField()

    def __str__(self) -> str:
        return str(self.execution_id)
