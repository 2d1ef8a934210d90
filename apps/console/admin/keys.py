from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.keys.models import KeyringCanary


@admin.register(KeyringCanary)
class KeyringCanaryAdmin(ReadOnlyAdmin):
    list_display = ("key_id", "created_at")
    exclude = ("sealed",)
