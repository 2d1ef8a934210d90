"""API tokens: shown once, kept as a hash."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.accounts.querysets import ApiTokenQuerySet


class ApiToken(models.Model):
    """`att_<public_id>_<secret>`; only the SHA-256 of the secret is kept (it is random, so a slow hash adds
    nothing)."""

    identity = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    public_id = models.CharField(max_length=16, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} (att_{self.public_id}_…)"

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now
