from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group

from apps.accounts.models import ApiToken, Identity
from apps.console.admin.base import ReadOnlyAdmin

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[Identity]
else:  # Django's own class takes no type at run time
    _UserAdmin = UserAdmin

if admin.site.is_registered(Group):  # roles come in their own form
    admin.site.unregister(Group)


@admin.register(Identity)
class IdentityAdmin(_UserAdmin):
    list_display = ("username", "email", "is_superuser", "is_active", "last_login")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens are made and revoked over REST and the command line, where their text can be shown once."""

    list_display = ("name", "identity", "public_id", "created_at", "expires_at", "last_used_at")
    list_select_related = ("identity",)
    exclude = ("secret_sha256",)
