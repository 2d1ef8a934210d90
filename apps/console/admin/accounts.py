from django.contrib import admin
from django.contrib.auth.models import Group

from apps.accounts.models import ApiToken, ExecutionLimits, Identity, LoginFailures, Role, RoleAssignment
from apps.accounts.models import Group as OurGroup
from apps.console.admin.base import ReadOnlyAdmin

if admin.site.is_registered(Group):  # ours is registered below
    admin.site.unregister(Group)


@admin.register(Identity)
class IdentityAdmin(ReadOnlyAdmin):
    """Changed on their own pages, where the last administrator is kept and sessions end."""

    list_display = ("username", "kind", "email", "is_superuser", "is_active", "last_login")
    search_fields = ("username", "email")
    list_filter = ("kind", "is_active", "is_superuser")
    exclude = ("password",)


@admin.register(OurGroup)
class GroupAdmin(ReadOnlyAdmin):
    list_display = ("name",)


@admin.register(Role)
class RoleAdmin(ReadOnlyAdmin):
    list_display = ("name", "source", "pack_ref", "updated_at")


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ReadOnlyAdmin):
    list_display = ("role", "identity", "group", "assigned_by", "created_at", "expires_at")
    list_select_related = ("role", "identity", "group", "assigned_by")


@admin.register(LoginFailures)
class LoginFailuresAdmin(ReadOnlyAdmin):
    list_display = ("about", "count", "since")


@admin.register(ExecutionLimits)
class ExecutionLimitsAdmin(ReadOnlyAdmin):
    list_display = ("execution_id", "limits")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens are made and revoked over REST and the command line, where their text can be shown once."""

    list_display = ("name", "identity", "public_id", "created_at", "expires_at", "last_used_at")
    list_select_related = ("identity",)
    exclude = ("secret_sha256",)
