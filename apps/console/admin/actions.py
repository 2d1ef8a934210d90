from django.contrib import admin

from apps.actions.models import Action, ActionDefinition
from apps.console.admin.base import ReadOnlyAdmin


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin):
    list_display = ("ref", "runtime", "is_enabled_by_pack", "enabled_override", "updated_at")
    list_select_related = ("pack", "version")
    search_fields = ("ref", "description")
    list_filter = ("runtime",)


@admin.register(ActionDefinition)
class ActionDefinitionAdmin(ReadOnlyAdmin):
    list_display = ("digest", "__str__")
    search_fields = ("digest",)
