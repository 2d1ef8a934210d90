from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.triggers.models import Sensor, SensorInstance


@admin.register(Sensor)
class SensorAdmin(ReadOnlyAdmin):
    list_display = ("ref", "pack_ref", "is_enabled_by_pack", "enabled_override", "is_removed")
    list_filter = ("is_removed",)


@admin.register(SensorInstance)
class SensorInstanceAdmin(ReadOnlyAdmin):
    list_display = ("sensor", "state", "holder", "lease_until", "starts", "failures")
    list_filter = ("state",)
    list_select_related = ("sensor",)
