from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts.models import ApiToken, Identity
from apps.console.admin.base import ReadOnlyAdmin, TableAdmin

if admin.site.is_registered(Group):  # roles come in their own form
    admin.site.unregister(Group)


class IdentityForm(UserChangeForm):  # type: ignore[misc]  # the theme has no types
    class Meta(UserChangeForm.Meta):  # type: ignore[misc]
        help_texts = {
            "is_active": "Switched off, nobody logs in with this account or uses its tokens. Accounts cannot be "
            "deleted, as executions and tokens say whose they are: switch it off instead."
        }


@admin.register(Identity)
class IdentityAdmin(UserAdmin, TableAdmin):  # type: ignore[type-arg]  # it has no types at run time
    form = IdentityForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_superuser", "is_active", "last_login")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: executions and tokens say who asked for them."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens are made and revoked over REST and the command line, where their text can be shown once."""

    list_display = ("name", "identity", "public_id", "created_at", "expires_at", "last_used_at")
    list_select_related = ("identity",)
    exclude = ("secret_sha256",)
