"""Webhooks and their deliveries as JSON."""

from django.utils import timezone

from apps.core.types import JsonObject
from apps.triggers.models import Webhook, WebhookDelivery


def represent(webhook: Webhook) -> JsonObject:
    """Needs its secrets and `created_by`."""
    now = timezone.now()
    return {
        "url": webhook.url,
        "path": f"/api/v1/webhooks/{webhook.url}",
        "authentication": webhook.authentication,
        "enabled": webhook.is_enabled,
        "rate_per_minute": webhook.rate_per_minute,
        "may_wait": webhook.may_wait,
        "headers": webhook.headers,
        "description": webhook.description,
        "pack": webhook.pack_ref or None,
        "secrets": [
            {"number": row.number, "created_at": row.created_at, "ends_at": row.ends_at}
            for row in webhook.secrets.all()
            if row.counts(now)
        ],
        "created_by": webhook.created_by.username if webhook.created_by else None,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    }


def represent_delivery(row: WebhookDelivery) -> JsonObject:
    return {
        "id": row.pk,
        "at": row.at,
        "outcome": row.outcome,
        "reason": row.reason or None,
        "status": row.status,
        "event": row.event_id,
        "delivery": row.delivery_id or None,
        "address": row.address,
        "size": row.size,
    }
