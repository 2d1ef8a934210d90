from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts.models import ApiToken, Identity
from apps.console.admin.base import ReadOnlyAdmin

if admin.site.is_registered(Group):  # roles come in their own form
    admin.site.unregister(Group)


@admin.register(Identity)
class IdentityAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # neither has types at run time
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_superuser", "is_active", "last_login")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens are made and revoked over REST and the command line, where their text can be shown once."""

    list_display = ("name", "identity", "public_id", "created_at", "expires_at", "last_used_at")
    list_select_related = ("identity",)
    exclude = ("secret_sha256",)
