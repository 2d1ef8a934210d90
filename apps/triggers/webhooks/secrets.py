"""Secrets of webhooks: made, sealed, opened to be compared with, replaced. Their text is given out once, when made."""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from apps.core.crypto import keyring
from apps.core.fixed_query import FixedQuery
from apps.triggers.models import Webhook, WebhookSecret

_ALPHABET = string.ascii_letters + string.digits
#: So that one is recognised where it should not stand.
_PREFIX = "whs_"
#: Of those that a sender chose.
MIN_CHARS = 16
MAX_CHARS = 200


#: A row for each secret, or one where there is none: who is asked of every delivery is asked once.
_WITH_SECRETS = FixedQuery(
    lambda url: (
        Webhook.objects.filter(url=url)
        .annotate(number=F("secrets__number"), sealed=F("secrets__sealed"), ends_at=F("secrets__ends_at"))
        .order_by("-number")
    ),
    url="text",
)


def fresh() -> str:
    """238 random bits."""
    return _PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(40))


def add(webhook: Webhook, text: str, *, grace: timedelta, now: datetime) -> None:
    """From now on `text` counts, and for `grace` also the one before it; those before that are erased.

    In a transaction that holds the webhook's row.
    """
    newest = webhook.secrets.order_by("-number").first()
    if newest is not None:
        outlived = webhook.secrets.all() if grace <= timedelta(0) else webhook.secrets.exclude(pk=newest.pk)
        outlived.delete()
        webhook.secrets.filter(pk=newest.pk).update(ends_at=now + grace)
    row = WebhookSecret(webhook=webhook, number=newest.number + 1 if newest else 1)
    row.sealed = keyring().seal(text.encode(), bound_to=row.bound_to)
    row.save(force_insert=True)


def find(url: str, *, now: datetime) -> tuple[Webhook | None, Sequence[WebhookSecret]]:
    """The webhook at this url, and its one or two secrets that count now, sealed."""
    rows: list[Any] = _WITH_SECRETS(url=url)
    secrets = [
        WebhookSecret(webhook=row, number=row.number, sealed=row.sealed, ends_at=row.ends_at)
        for row in rows
        if row.number is not None
    ]
    return rows[0] if rows else None, [secret for secret in secrets if secret.counts(now)]


def opened(sealed: Sequence[WebhookSecret]) -> Sequence[bytes]:
    """Raises `SealBroken`."""
    return [keyring().open(bytes(secret.sealed), bound_to=secret.bound_to) for secret in sealed]
