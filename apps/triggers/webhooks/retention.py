"""Keeps the log of deliveries bounded, by age and by number for each webhook, and forgets signatures that are too old
to come again."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from apps.triggers.models import SignedDelivery, WebhookDelivery
from apps.triggers.webhooks.signatures import TOLERANCE_S

#: Newest deliveries of one webhook that are kept.
KEPT = 1000
#: Rows of one call: some milliseconds.
BATCH = 1000
#: A signature is good for the tolerance before and after its moment; twice that, for clocks of several web hosts.
_SIGNATURE_LIFE = timedelta(seconds=4 * TOLERANCE_S)


def collect_deliveries() -> int:
    """How many went. Any number of processes may call it."""
    gone = _remove_surplus()
    if settings.ATTUNE_RETENTION_DELIVERIES is not None:
        gone += _remove(WebhookDelivery.objects.filter(at__lt=Now() - settings.ATTUNE_RETENTION_DELIVERIES))
    return gone


def collect_signatures() -> int:
    """How many went. Any number of processes may call it."""
    return _remove(SignedDelivery.objects.filter(at__lt=Now() - _SIGNATURE_LIFE))


def _remove_surplus() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM triggers_webhookdelivery WHERE id IN ("
            " SELECT old.id FROM triggers_webhook hook CROSS JOIN LATERAL ("
            "  SELECT id FROM triggers_webhookdelivery WHERE webhook_id = hook.id ORDER BY id DESC OFFSET %s LIMIT %s"
            " ) old LIMIT %s)",
            [KEPT, BATCH, BATCH],
        )
        return int(cursor.rowcount)


def _remove(rows: "QuerySet[WebhookDelivery] | QuerySet[SignedDelivery]") -> int:
    ids = list(rows.order_by("at").values_list("pk", flat=True)[:BATCH])
    deleted: int = rows.model._default_manager.filter(pk__in=ids).delete()[0] if ids else 0
    return deleted
