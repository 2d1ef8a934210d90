"""Who acts: people now, service accounts and groups with the roles."""

from django.contrib.auth.models import AbstractUser


class Identity(AbstractUser):
    """Somebody who can log in or own a token. `is_superuser` makes an administrator until roles come."""

    class Meta(AbstractUser.Meta):
        verbose_name = "identity"
        verbose_name_plural = "identities"

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.is_superuser
