from django.contrib import admin

from apps.audit.models import AuditRecord
from apps.console.admin.base import ReadOnlyAdmin


@admin.register(AuditRecord)
class AuditRecordAdmin(ReadOnlyAdmin):
    list_display = ("id", "at", "who", "deed", "on", "outcome", "address", "request_id")
    list_filter = ("outcome",)
    search_fields = ("=who", "=deed", "=on")
