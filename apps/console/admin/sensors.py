from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.triggers.models import Sensor, SensorInstance


@admin.register(Sensor)
class SensorAdmin(ReadOnlyAdmin):
    list_display = ("ref", "pack_ref", "is_enabled_by_pack", "enabled_override", "is_removed", "updated_at")
    search_fields = ("ref",)


@admin.register(SensorInstance)
class SensorInstanceAdmin(ReadOnlyAdmin):
    list_display = ("sensor", "state", "state_since", "holder", "lease_until", "starts", "events", "refused")
    list_select_related = ("sensor",)
    list_filter = ("state",)
