"""Whose a session is. Passwords are proven in `apps.accounts.services.login`, which counts the tries."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import ModelBackend

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class SessionBackend(ModelBackend):
    """Django's, but for people only; what it hands out knows that it came with a session."""

    def get_user(self, user_id: Any) -> "Identity | None":
        identity = super().get_user(user_id)
        if identity is None or identity.is_service:
            return None
        identity.has_session = True
        return identity

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not getattr(user, "is_service", False)
