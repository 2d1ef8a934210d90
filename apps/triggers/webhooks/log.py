"""What came of each delivery, for whoever asks why nothing happened. A flood of refusals does not become a flood of
rows: of those a webhook keeps so many a minute."""

import hashlib
import logging

from django.db import IntegrityError, connection, transaction

from apps.core.database import trouble_of
from apps.core.errors import AttuneError
from apps.core.problem import status_of
from apps.triggers.models import Webhook, WebhookDelivery
from apps.triggers.webhooks import headers, rate
from apps.triggers.webhooks.proof import Call, NotProven

logger = logging.getLogger(__name__)

#: Refusals of one webhook that are kept in a minute.
REFUSALS_PER_MINUTE = 60

_REFUSAL = """
    INSERT INTO triggers_webhookdelivery (webhook_id, outcome, reason, status, delivery_id, address, size)
    SELECT id, 'refused', %s, %s, %s, %s, %s FROM triggers_webhook WHERE id = %s
"""


def write_repeated(webhook: Webhook, call: Call, *, event_id: int, delivery_id: str) -> None:
    """Of a delivery that is an earlier event. Of one that is a new event it is written with the event."""
    row = WebhookDelivery(
        webhook_id=webhook.pk,
        outcome=WebhookDelivery.Outcome.REPEATED,
        status=200,
        event_id=event_id,
        delivery_id=delivery_id,
        address=call.address,
        size=len(call.body),
    )
    row.save(force_insert=True)


def write_refusal(webhook: Webhook | None, call: Call, error: AttuneError, *, reason: str) -> None:
    """Of any other. It is refused also where this cannot be written.

    For a webhook that there is not, everything is done but the row: the time it takes must not tell which there are.
    """
    # Not by the url itself: strangers choose it.
    name = hashlib.sha256(call.url.encode("utf-8", "replace")).hexdigest()[:32]
    if rate.wait_s(f"{name}:refused", per_minute=REFUSALS_PER_MINUTE):
        return
    delivery_id = "" if isinstance(error, NotProven) else _delivery_id(call)
    values = (reason, status_of(error), delivery_id, call.address, len(call.body), webhook.pk if webhook else 0)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # A refusal is not worth waiting for the disk.
            cursor.execute("SET LOCAL synchronous_commit TO off")
            cursor.execute(_REFUSAL, values)
    except IntegrityError:
        logger.info("webhook %s: it was removed meanwhile, and its log with it", call.url)
    except Exception as trouble:
        if trouble_of(trouble) is None:
            raise
        logger.warning("webhook %s: a refusal is not in the log: %s", call.url, reason)


def _delivery_id(call: Call) -> str:
    try:
        return headers.delivery_of(call.headers)
    except headers.InvalidDelivery:
        return ""
