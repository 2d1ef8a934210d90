from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.rules.models import Enforcement, Rule, RuleVersion, Verdicts


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    list_display = ("ref", "trigger", "action_ref", "is_enabled", "kind", "overlap", "owner", "version", "is_removed")
    list_select_related = ("trigger__type", "owner")
    search_fields = ("ref", "action_ref")


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnlyAdmin):
    list_display = ("id", "rule", "version", "at", "by")
    list_select_related = ("rule", "by")


@admin.register(Verdicts)
class VerdictsAdmin(ReadOnlyAdmin):
    list_display = ("event_id",)
    raw_id_fields = ("event",)


@admin.register(Enforcement)
class EnforcementAdmin(ReadOnlyAdmin):
    list_display = ("id", "event_id", "rule", "rule_version", "status", "execution_id", "at", "attempt")
    list_select_related = ("rule",)
    list_filter = ("status",)
    search_fields = ("=id", "=event__id", "=execution_id")
