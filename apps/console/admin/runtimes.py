from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.runtimes.models import Environment, Runtime


@admin.register(Runtime)
class RuntimeAdmin(ReadOnlyAdmin):
    list_display = ("name", "pack_ref")


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    list_display = ("pack_ref", "runtime", "status", "generation", "version", "size_bytes", "installed_at")
    list_filter = ("status", "runtime")
