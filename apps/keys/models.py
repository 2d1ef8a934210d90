"""Encrypted secrets of operators. For now the canary alone: it proves at start that the keyring is the right one."""

from django.db import models
from django.db.models.functions import Now


class KeyringCanary(models.Model):
    """One sealed known text per key-encryption key that ever encrypted."""

    key_id = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "keyring canary"
        verbose_name_plural = "keyring canaries"

    def __str__(self) -> str:
        return self.key_id
