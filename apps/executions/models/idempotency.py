"""Which request made which execution, so that a client may send it again without fear."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class IdempotencyKey(models.Model):
    """Kept for a while. `body_sha256` tells the same request from another under the same key."""

    identity = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    body_sha256 = models.BinaryField(max_length=32)
    execution_ids = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "key"], name="idempotency_key_of_identity")]

    def __str__(self) -> str:
        return self.key
