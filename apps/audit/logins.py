"""Records who logs in, out, or tries to: Django tells, whichever face was used."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from apps.accounts.models import Identity
from apps.audit.models import AuditRecord
from apps.audit.services import record

LOGIN = "login"
LOGOUT = "logout"


def listen() -> None:
    user_logged_in.connect(_on_login, dispatch_uid="audit.login")
    user_logged_out.connect(_on_logout, dispatch_uid="audit.logout")
    user_login_failed.connect(_on_failure, dispatch_uid="audit.login_failed")


def _on_login(sender: object, user: Identity, **_: Any) -> None:
    record(LOGIN, by=user, on=user.get_username())


def _on_logout(sender: object, user: Identity | None, **_: Any) -> None:
    if user is not None:
        record(LOGOUT, by=user, on=user.get_username())


def _on_failure(sender: object, credentials: dict[str, Any], **_: Any) -> None:
    """A name that nobody has is not kept: people type their password into the wrong field."""
    name = str(credentials.get("username", ""))[:150].replace("\0", "")
    known = Identity.objects.filter(username=name).exists()
    facts = {} if known else {"note": "nobody has the name that was given"}
    record(LOGIN, by=None, on=name if known else "", outcome=AuditRecord.Outcome.REFUSED.value, facts=facts)
