from django.contrib import admin

from apps.console.admin.base import ReadOnlyAdmin
from apps.executions.models import (
    Execution,
    Gate,
    History,
    IdempotencyKey,
    Pass,
    Pin,
    Policy,
    SecretParameters,
    SlotsEpoch,
    Tally,
)


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    list_display = ("id", "action_ref", "status", "attempt", "created_at", "ended_at")
    list_filter = ("status",)
    search_fields = ("=id", "action_ref")
    exclude = ("secret_parameters",)


@admin.register(History)
class HistoryAdmin(ReadOnlyAdmin):
    list_display = ("id", "execution_id", "attempt", "status", "at", "announced_at")
    search_fields = ("=execution__id",)


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "scope", "subject", "limit", "limit_override", "key", "is_removed")


@admin.register(Gate)
class GateAdmin(ReadOnlyAdmin):
    list_display = ("id", "policy", "key_text", "last_seq", "used_at")
    list_select_related = ("policy",)


@admin.register(Pass)
class PassAdmin(ReadOnlyAdmin):
    list_display = ("id", "gate_id", "at")


@admin.register(Pin)
class PinAdmin(ReadOnlyAdmin):
    list_display = ("execution_id", "reason", "pinned_by", "pinned_at")
    list_select_related = ("pinned_by",)


@admin.register(SecretParameters)
class SecretParametersAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at")
    exclude = ("sealed",)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ("key", "identity", "created_at")
    list_select_related = ("identity",)
    exclude = ("body_sha256",)


@admin.register(SlotsEpoch)
class SlotsEpochAdmin(ReadOnlyAdmin):
    list_display = ("number",)


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin):
    list_display = ("metric", "key", "value")
    search_fields = ("metric",)
