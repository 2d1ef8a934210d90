"""Makes, proves and ends API tokens."""

import hashlib
import hmac
import logging
import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import ApiToken, Identity
from apps.core.errors import FieldError, Invalid, NotFound

logger = logging.getLogger(__name__)

_ALPHABET = string.ascii_letters + string.digits
#: A token's last use is written at most so often: reading must not turn into writing.
LAST_USE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class IssuedToken:
    """`text` is shown to its owner once and kept nowhere."""

    token: ApiToken
    text: str


def issue_token(
    identity: Identity, *, name: str, expires_at: datetime | None = None, issuer: ApiToken | None = None
) -> IssuedToken:
    """A new token of `identity`; `issuer` is the one that asks for it.

    Raises `Invalid` for an expiry in the past, and for one behind the issuer's: whoever finds a token that ends must
    not be able to stay.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("expires_at lies in the past.")
    end = issuer.expires_at if issuer is not None else None
    if end is not None and (expires_at is None or expires_at > end):
        detail = (
            f"a token that ends issues none that lives longer: say {end.isoformat(timespec='seconds')} at the latest"
        )
        raise Invalid(f"expires_at: {detail}.", errors=[FieldError("/expires_at", "outlives_its_token", detail)])
    public_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(40))
    token = ApiToken.objects.create(
        identity=identity, name=name, public_id=public_id, secret_sha256=_digest(secret), expires_at=expires_at
    )
    return IssuedToken(token, f"att_{public_id}_{secret}")


def revoke_token(identity: Identity, *, token_id: int) -> None:
    """Ends a token at once. Raises `NotFound` for one that `identity` may not see."""
    deleted, _ = ApiToken.objects.visible_to(identity).filter(pk=token_id).delete()
    if not deleted:
        raise NotFound
    logger.info("token %s revoked by %s", token_id, identity.username)


def prove_token(text: str) -> ApiToken | None:
    """The living token that `text` is, with its identity, or None. Takes the same time for every wrong secret."""
    prefix, _, rest = text.partition("_")
    public_id, _, secret = rest.partition("_")
    if prefix != "att" or not secret or len(text) > 200 or not text.isascii() or not public_id.isalnum():
        return None
    token = ApiToken.objects.select_related("identity").filter(public_id=public_id).first()
    if token is None or not hmac.compare_digest(bytes(token.secret_sha256), _digest(secret)):
        return None
    now = timezone.now()
    if token.is_expired(now) or not token.identity.is_active:
        return None
    _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is not None and now - token.last_used_at < LAST_USE_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USE_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=Now())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
