from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.workers.models import SchemaVersion, Worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "status", "host", "pool", "slots", "last_heartbeat")
    list_filter = ("status", "pool")


@admin.register(SchemaVersion)
class SchemaVersionAdmin(ReadOnlyAdmin):
    list_display = ("number", "oldest")
