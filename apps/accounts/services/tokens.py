"""Makes, proves and ends API tokens."""

import hashlib
import hmac
import logging
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.grants import Place
from apps.accounts.models import ApiToken, ExecutionLimits, Identity
from apps.accounts.permissions import Verb, require
from apps.accounts.rights import rights_of
from apps.accounts.services.granting import beyond, checked_grants, require_no_less
from apps.accounts.services.identities import get_identity
from apps.core.errors import FieldError, Forbidden, Invalid, NotFound
from apps.core.fixed_query import FixedQuery
from apps.core.single import single

logger = logging.getLogger(__name__)

_ALPHABET = string.ascii_letters + string.digits
#: A token's last use is written at most so often: reading must not turn into writing.
LAST_USE_EVERY = timedelta(minutes=1)
#: An execution's token whose end nobody wrote is removed so long after it expired.
EXPIRED_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class IssuedToken:
    """`text` is shown to its owner once and kept nowhere."""

    token: ApiToken
    text: str


def issue_token(
    identity: Identity,
    *,
    name: str,
    expires_at: datetime | None = None,
    grants: Sequence[str] | None = None,
    by: Identity | None = None,
) -> IssuedToken:
    """A new token of `identity`, bound by `grants` where they are given.

    `by` is who asks, when that came with a token: a token issues none that lives longer or may do more than itself,
    and what that of an execution issues ends with the attempt.
    Raises `Invalid` for an expiry in the past or past that of `by`, and for grants that are none; `Forbidden` for those
    that `by` does not have.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("expires_at lies in the past.")
    limits, asking = _limits(grants, by=by), by.token if by is not None else None
    row = ApiToken(identity=identity, name=name, expires_at=_no_later(expires_at, by=by), limits=limits)
    if asking is not None and asking.execution_id is not None:  # what an attempt makes for itself ends with it
        row.execution_id, row.attempt = asking.execution_id, asking.attempt
    return _written(row)


def token_owner(identity: Identity, name: str | None) -> Identity:
    """Whose a token is that `identity` asks for: its own, or that of a service account that may no more.

    Raises `UnknownIdentity`, `Forbidden`.
    """
    if name is None or name == identity.username:
        require(identity, Verb.TOKEN_MANAGE, on=identity)
        return identity
    require(identity, Verb.IDENTITY_MANAGE)
    owner = get_identity(identity, name)
    if not owner.is_service:
        raise Forbidden("Tokens of people are made by themselves; those of service accounts by others.")
    require_no_less(identity, owner)
    return owner


def issue_execution_token(
    identity: Identity, *, execution_id: int, attempt: int, grants: Sequence[str], lifetime: timedelta
) -> str:
    """The text of a token for what runs as this attempt: at most what who asked for it may, and no longer."""
    kept = single(ExecutionLimits.objects.filter(pk=execution_id))
    row = ApiToken(
        identity=identity, name=f"execution {execution_id}, attempt {attempt}", execution_id=execution_id,
        attempt=attempt, limits=[*(kept.limits if kept else []), list(grants)], expires_at=timezone.now() + lifetime,
    )  # fmt: skip
    return _written(row).text


def keep_limits(identity: Identity, execution_ids: Sequence[int]) -> None:
    """Remembers, for the tokens of these executions, by what the token was bound that asked for them."""
    if identity.token is not None and identity.token.limits:
        rows = [ExecutionLimits(execution_id=pk, limits=identity.token.limits) for pk in execution_ids]
        ExecutionLimits.objects.bulk_create(rows, ignore_conflicts=True)


def end_execution_tokens(execution_id: int, *, attempt: int) -> None:
    """Nothing that ran as this attempt, or before it, can use its token any more."""
    ApiToken.objects.filter(execution_id=execution_id, attempt__lte=attempt).delete()


def sweep_tokens() -> None:
    """Removes tokens of executions that expired a while ago: those whose end nobody could write."""
    over = timezone.now() - EXPIRED_FOR
    ApiToken.objects.filter(execution_id__isnull=False, expires_at__lt=over).delete()


def revoke_token(identity: Identity, *, token_id: int) -> None:
    """Ends a token at once. Raises `NotFound` for one that `identity` may not see, `Forbidden`."""
    token = ApiToken.objects.visible_to(identity).filter(pk=token_id).first()
    if token is None:
        raise NotFound
    require(identity, Verb.TOKEN_MANAGE, on=Place(owner_id=token.identity_id))
    token.delete()
    logger.info("token %s revoked by %s", token_id, identity.username)


def _limits(grants: Sequence[str] | None, *, by: Identity | None) -> list[list[str]]:
    bound = list(by.token.limits) if by is not None and by.token is not None else []
    if grants is None:
        return bound
    wanted = checked_grants(grants)
    if by is not None and (missing := rights_of(by).missing(wanted)):
        raise beyond(by, missing)
    return [*bound, [str(grant) for grant in wanted]]


def _no_later(expires_at: datetime | None, *, by: Identity | None) -> datetime | None:
    """Whoever finds a token that ends must not be able to stay."""
    end = by.token.expires_at if by is not None and by.token is not None else None
    if end is not None and (expires_at is None or expires_at > end):
        detail = (
            f"a token that ends issues none that lives longer: say {end.isoformat(timespec='seconds')} at the latest"
        )
        raise Invalid(f"expires_at: {detail}.", errors=[FieldError("/expires_at", "outlives_its_token", detail)])
    return expires_at


def _written(row: ApiToken) -> IssuedToken:
    public_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(40))
    row.public_id, row.secret_sha256 = public_id, _digest(secret)
    row.save(force_insert=True)
    return IssuedToken(row, f"att_{public_id}_{secret}")


_BY_PUBLIC_ID = FixedQuery(
    lambda public_id: ApiToken.objects.select_related("identity").filter(public_id=public_id).order_by(),
    public_id="text",
)


def prove_token(text: str) -> ApiToken | None:
    """The living token that `text` is, with its identity, or None. Takes the same time for every wrong secret."""
    prefix, _, rest = text.partition("_")
    public_id, _, secret = rest.partition("_")
    if prefix != "att" or not secret or len(text) > 200 or not text.isascii() or not public_id.isalnum():
        return None
    token = _BY_PUBLIC_ID.single(public_id=public_id)
    if token is None or not hmac.compare_digest(bytes(token.secret_sha256), _digest(secret)):
        return None
    now = timezone.now()
    if token.is_expired(now) or not token.identity.is_active:
        return None
    token.identity.token = token
    _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is not None and now - token.last_used_at < LAST_USE_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USE_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=Now())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
