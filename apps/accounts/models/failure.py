"""Failed logins, counted: so many of one account or from one address, and then none for a while."""

from django.db import models
from django.db.models.functions import Now


class LoginFailures(models.Model):
    """`about` is the SHA-256 of `account:<name>` or `address:<address>`; also of names that were never there."""

    about = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "login failures"
        indexes = [models.Index(fields=["since"], name="login_failures_since")]

    def __str__(self) -> str:
        return f"{self.count} since {self.since}"
