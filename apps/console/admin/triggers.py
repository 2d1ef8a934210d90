from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.triggers.models import Event, Trigger, TriggerType


@admin.register(TriggerType)
class TriggerTypeAdmin(ReadOnlyAdmin):
    list_display = ("ref", "pack_ref", "is_removed", "updated_at")
    search_fields = ("ref",)


@admin.register(Trigger)
class TriggerAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "digest", "is_listened", "created_at")
    list_select_related = ("type",)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("id", "type_ref", "source", "source_ref", "received_at", "processed_at")
    list_filter = ("source",)
    raw_id_fields = ("replay_of", "sent_by")
