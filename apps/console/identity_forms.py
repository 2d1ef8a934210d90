"""Forms of identities, groups, roles and one's own password."""

from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from apps.accounts.models import Identity
from apps.console.forms import ConsoleForm

_NAME = UnicodeUsernameValidator()


class NewIdentityForm(ConsoleForm):
    name = forms.CharField(max_length=150, validators=[_NAME], label="Name")
    kind = forms.ChoiceField(
        choices=[(Identity.Kind.USER.value, "a person"), (Identity.Kind.SERVICE.value, "a service account")],
        label="For",
        help_text="A service account has tokens and no password.",
    )
    email = forms.EmailField(max_length=254, required=False, label="Email")


class NewGroupForm(ConsoleForm):
    name = forms.CharField(max_length=150, validators=[_NAME], label="Name")


class MembersForm(ConsoleForm):
    members = forms.CharField(
        required=False,
        label="Members",
        help_text="Names of identities, one a line.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def clean_members(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["members"].splitlines() if line.strip()]


class GrantsForm(ConsoleForm):
    description = forms.CharField(max_length=10_000, required=False, label="Description")
    grants = forms.CharField(
        label="Grants",
        required=False,
        help_text="One a line: a verb, and after @ where. execution.run@pack:aws, execution.view@own, worker.*",
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
    )

    def clean_grants(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["grants"].splitlines() if line.strip()]


class NewRoleForm(GrantsForm):
    name = forms.RegexField(
        r"^[a-z0-9][a-z0-9._-]*\Z", max_length=150, label="Name", help_text="Small letters, digits, ., _ and -."
    )
    field_order = ["name", "description", "grants"]


class AssignForm(ConsoleForm):
    """`holder` is `identity` or `group`; the page says which."""

    role = forms.CharField(max_length=255, label="Role")
    expires_at = forms.DateTimeField(
        required=False,
        label="Until (UTC)",
        help_text="Left empty, until it is taken back.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class PasswordForm(ConsoleForm):
    old = forms.CharField(
        max_length=1000,
        strip=False,
        label="Password now",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        max_length=1000,
        strip=False,
        label="New password",
        help_text="At least 10 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        max_length=1000,
        strip=False,
        label="New password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    end_tokens = forms.BooleanField(required=False, label="Revoke all my tokens, too")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if "new" in values and values.get("again") not in (None, values["new"]):
            self.add_error("again", "this is not the same")
        values.pop("again", None)
        return values
