from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.rules.models import Enforcement, Rule, RuleVersion, Verdicts


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    list_display = ("ref", "trigger", "action_ref", "is_enabled", "owner", "version", "source", "is_removed")
    list_select_related = ("trigger__type", "owner")
    search_fields = ("ref",)
    raw_id_fields = ("trigger", "owner")


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnlyAdmin):
    list_display = ("rule", "version", "at", "by")
    list_select_related = ("rule", "by")


@admin.register(Verdicts)
class VerdictsAdmin(ReadOnlyAdmin):
    list_display = ("event",)
    list_select_related = ("event",)
    raw_id_fields = ("event",)


@admin.register(Enforcement)
class EnforcementAdmin(ReadOnlyAdmin):
    list_display = ("id", "event", "rule", "rule_version", "status", "execution", "at")
    list_select_related = ("event", "rule", "execution")
    list_filter = ("status",)
    raw_id_fields = ("event", "rule", "execution")
