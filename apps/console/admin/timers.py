from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.triggers.models import Timer


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    list_display = ("id", "trigger", "next_fire_at", "last_fired_at", "fired", "misfires", "is_paused", "trouble")
    list_select_related = ("trigger__type",)
    list_filter = ("is_paused",)
