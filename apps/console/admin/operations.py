from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.operations.models import Operation


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "subject", "status", "progress", "created_at", "ended_at")
    list_filter = ("status", "kind")
