from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.triggers.models import SignedDelivery, Webhook, WebhookDelivery, WebhookSecret


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ("url", "authentication", "is_enabled", "rate_per_minute", "created_by", "updated_at")
    list_select_related = ("created_by",)
    search_fields = ("url", "description")


@admin.register(WebhookSecret)
class WebhookSecretAdmin(ReadOnlyAdmin):
    list_display = ("webhook", "number", "created_at", "ends_at")
    list_select_related = ("webhook",)
    exclude = ("sealed",)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("webhook", "at", "outcome", "reason", "status", "event_id", "delivery_id", "address", "size")
    list_select_related = ("webhook",)
    list_filter = ("outcome",)


@admin.register(SignedDelivery)
class SignedDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("webhook", "event_id", "at")
    list_select_related = ("webhook",)
    exclude = ("fingerprint",)
