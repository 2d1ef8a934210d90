"""Forms of webhooks: what one says, and its secret, which is typed here and never shown again."""

from typing import cast

from django import forms

from apps.console.forms import ConsoleForm
from apps.core.types import JsonObject
from apps.triggers.models import Webhook
from apps.triggers.webhooks.addresses import MAX_CHARS
from apps.triggers.webhooks.secrets import MAX_CHARS as MAX_SECRET
from apps.triggers.webhooks.secrets import MIN_CHARS as MIN_SECRET
from apps.triggers.webhooks.services import (
    DEFAULT_GRACE,
    DEFAULT_RATE_PER_MINUTE,
    MAX_GRACE,
    MAX_HEADERS,
    MAX_RATE_PER_MINUTE,
)

_PROOFS = [
    (Webhook.Authentication.TOKEN.value, "a token, in a header or the address"),
    (Webhook.Authentication.HMAC.value, "a signature, Attune's own (HMAC)"),
    (Webhook.Authentication.GITHUB.value, "a signature, as GitHub makes it"),
]


class WebhookForm(ConsoleForm):
    """What may be changed later, too."""

    authentication = forms.ChoiceField(label="Senders prove themselves by", choices=_PROOFS)
    rate_per_minute = forms.IntegerField(
        label="Deliveries a minute",
        required=False,
        min_value=1,
        max_value=MAX_RATE_PER_MINUTE,
        initial=DEFAULT_RATE_PER_MINUTE,
        help_text="More hear 429 and when to come again. Empty: no limit.",
    )
    headers = forms.CharField(
        label="Headers to keep",
        required=False,
        max_length=2000,
        help_text="One a line, besides the usual ones: X-Priority. None that proves something.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    description = forms.CharField(label="Description", required=False, max_length=2000)
    may_wait = forms.BooleanField(
        label="Senders may wait for the result of what they start", required=False, initial=True
    )

    def clean_headers(self) -> list[str]:
        names = [line.strip() for line in self.cleaned_data["headers"].splitlines() if line.strip()]
        if len(names) > MAX_HEADERS:
            raise forms.ValidationError(f"At most {MAX_HEADERS} headers can be kept.")
        return names

    @classmethod
    def initial_of(cls, webhook: Webhook) -> JsonObject:
        said = {name: getattr(webhook, name) for name in WebhookForm.base_fields}
        return {**said, "headers": "\n".join(webhook.headers)}


def _secret(help_text: str) -> forms.CharField:
    attributes = {"autocomplete": "new-password", "spellcheck": "false"}
    return forms.CharField(
        label="Secret", required=False, strip=False, min_length=MIN_SECRET, max_length=MAX_SECRET, help_text=help_text,
        widget=forms.PasswordInput(attrs=attributes, render_value=False),
    )  # fmt: skip


class NewWebhookForm(WebhookForm):
    url = forms.CharField(
        label="Url",
        max_length=MAX_CHARS,
        help_text="Behind /api/v1/webhooks/, segments with slashes between them: github/pushes",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    pack_ref = forms.CharField(
        label="Of pack",
        required=False,
        max_length=100,
        help_text="Whoever may manage the pack's webhooks may manage it.",
    )
    secret = _secret("Only where the sender chose it. Empty: one is made, and shown once.")
    field_order = ("url", "authentication", "secret", "rate_per_minute", "headers", "description", "pack_ref")

    def clean_secret(self) -> str | None:
        return cast(str, self.cleaned_data["secret"]) or None


class RotationForm(ConsoleForm):
    grace_s = forms.IntegerField(
        label="The one before counts for (seconds)",
        min_value=0,
        max_value=int(MAX_GRACE.total_seconds()),
        initial=int(DEFAULT_GRACE.total_seconds()),
        help_text="0 ends it at once.",
    )
    secret = _secret("Only where the sender chose it. Empty: one is made, and shown once.")

    def clean_secret(self) -> str | None:
        return cast(str, self.cleaned_data["secret"]) or None
