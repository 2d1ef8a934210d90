"""Secrets of webhooks: made, sealed, opened to be compared with, replaced. Their text is given out once, when made."""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta

from apps.core.crypto import keyring
from apps.core.fixed_query import FixedQuery
from apps.triggers.models import Webhook, WebhookSecret

_ALPHABET = string.ascii_letters + string.digits
#: So that one is recognised where it should not stand.
_PREFIX = "whs_"
#: Of those that a sender chose.
MIN_CHARS = 16
MAX_CHARS = 200


_SECRETS = FixedQuery(lambda webhook: WebhookSecret.objects.filter(webhook=webhook), webhook="number")


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


def living(webhook: Webhook, *, now: datetime) -> Sequence[bytes]:
    """The one or two that count now, opened. Raises `SealBroken`."""
    rows = [row for row in _SECRETS(webhook=webhook.pk) if row.counts(now)]
    for row in rows:
        row.webhook = webhook
    return [keyring().open(bytes(row.sealed), bound_to=row.bound_to) for row in rows]
