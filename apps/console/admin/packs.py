from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.packs.models import Pack, PackConfig, PackVersion


@admin.register(Pack)
class PackAdmin(ReadOnlyAdmin):
    list_display = ("ref", "label", "current", "is_enabled", "updated_at")
    list_select_related = ("current__pack",)
    search_fields = ("ref", "label")


@admin.register(PackVersion)
class PackVersionAdmin(ReadOnlyAdmin):
    list_display = ("pack", "version", "digest", "size_bytes", "installed_at")
    list_select_related = ("pack",)


@admin.register(PackConfig)
class PackConfigAdmin(ReadOnlyAdmin):
    list_display = ("pack", "updated_by", "updated_at")
    list_select_related = ("pack", "updated_by")
    exclude = ("sealed", "values")
