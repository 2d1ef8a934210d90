"""Another password for oneself."""

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.accounts.models import Identity
from apps.accounts.services.identities import set_own_password
from apps.accounts.services.login import is_own_password
from apps.core.errors import Conflict, FieldError, Forbidden, Invalid


class NeedsSession(Forbidden):
    """A password is changed by who is logged in with it; a token does not do."""

    code = "needs_session"


def change_own_password(
    request: HttpRequest, identity: Identity, *, old: str, new: str, end_tokens: bool = False
) -> None:
    """All other sessions end; the one that asks goes on under a new key.

    Raises `NeedsSession`, `TooManyLogins`, and `Invalid` for a wrong `old` or a `new` that is too weak.
    """
    if identity.is_service:
        raise Conflict("A service account has no password.")
    if identity.token is not None:
        raise NeedsSession
    if not is_own_password(request, identity, old):
        raise _wrong("/old", "wrong", "this is not your password")
    if new == old:
        raise _wrong("/new", "unchanged", "choose another one")
    try:
        validate_password(new, user=identity)
    except ValidationError as error:
        raise _wrong("/new", "weak", " ".join(error.messages)) from error
    set_own_password(identity, new, end_tokens=end_tokens)
    update_session_auth_hash(request, identity)


def _wrong(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid("The password was not changed.", errors=[FieldError(pointer, code, detail)])
