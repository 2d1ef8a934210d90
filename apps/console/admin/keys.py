from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.keys.models import Key, KeyringCanary, KeyVersion


@admin.register(KeyringCanary)
class KeyringCanaryAdmin(ReadOnlyAdmin):
    list_display = ("key_id", "created_at")
    exclude = ("sealed",)


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    list_display = ("id", "owner_type", "owner_ref", "name", "version", "is_encrypted", "expires_at")
    list_filter = ("owner_type",)
    search_fields = ("name", "=owner_ref")


@admin.register(KeyVersion)
class KeyVersionAdmin(ReadOnlyAdmin):
    list_display = ("id", "key", "number", "created_by", "created_at")
    list_select_related = ("key", "created_by")
    exclude = ("sealed", "plain")
