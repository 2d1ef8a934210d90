"""Forms of policies, one for each kind: what it says, and with a name and a place where it is new."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms

from apps.console.forms import ConsoleForm
from apps.console.limits import MOST
from apps.core.types import JsonObject
from apps.executions.models import Policy
from apps.executions.models.policy import LONGEST_WINDOW_S, MOST_IN_WINDOW, SHORTEST_WINDOW_S

_LONGEST_S = 31_536_000
_AFTER = {"failed": ["failed"], "timeout": ["timeout"], "both": ["failed", "timeout"]}


class PolicyForm(ConsoleForm):
    """What may be changed later, too."""

    @property
    def said(self) -> JsonObject:
        """As services want it."""
        return self.cleaned_data

    @classmethod
    def initial_of(cls, policy: Policy) -> JsonObject:
        return {name: getattr(policy, name) for name in cls.base_fields}


class ConcurrencyForm(PolicyForm):
    limit = forms.IntegerField(
        min_value=0, max_value=MOST, label="Limit", help_text="Executions at a time; 0 lets nobody in."
    )
    key = forms.CharField(
        max_length=1000,
        required=False,
        label="Key",
        help_text="A template over the parameters, such as {{ host }}: one line for each value. Empty: one line.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    when_full = forms.ChoiceField(
        choices=[
            (Policy.WhenFull.QUEUE.value, "wait in line"),
            (Policy.WhenFull.CANCEL.value, "cancel the new execution"),
            (Policy.WhenFull.REJECT.value, "refuse the request"),
        ],
        label="When the limit is reached",
    )
    max_waiting = forms.IntegerField(
        min_value=0,
        max_value=10_000_000,
        required=False,
        label="Most waiting",
        help_text="More are refused. Empty: no end.",
    )
    expires_s = forms.FloatField(
        min_value=0.001,
        max_value=_LONGEST_S,
        required=False,
        label="Longest wait (seconds)",
        help_text="Then it is canceled. Empty: no end.",
    )

    def clean_key(self) -> str | None:
        return cast(str, self.cleaned_data["key"]) or None


class RateForm(ConcurrencyForm):
    limit = forms.IntegerField(
        min_value=0, max_value=MOST_IN_WINDOW, label="Limit", help_text="Executions in a window; 0 lets nobody in."
    )
    window_s = forms.FloatField(
        min_value=SHORTEST_WINDOW_S,
        max_value=LONGEST_WINDOW_S,
        label="Window (seconds)",
        help_text="No stretch of so many seconds sees more than the limit start.",
    )
    field_order = ["limit", "window_s"]


class RetryForm(PolicyForm):
    max_attempts = forms.IntegerField(
        min_value=1, max_value=100, label="Tries", help_text="How often it is started at most, the first time included."
    )
    on = forms.ChoiceField(
        choices=[("both", "a failure or a timeout"), ("failed", "a failure"), ("timeout", "a timeout")], label="After"
    )
    backoff = forms.ChoiceField(
        choices=[("exponential", "doubles"), ("linear", "grows evenly"), ("constant", "stays the same")],
        label="The delay",
    )
    delay_s = forms.FloatField(min_value=0, max_value=86_400, label="First delay (seconds)", initial=1.0)
    max_delay_s = forms.FloatField(min_value=0, max_value=604_800, label="Longest delay (seconds)", initial=3600.0)
    jitter = forms.FloatField(
        min_value=0, max_value=1, label="Jitter", initial=0.0, help_text="The part of the delay left to chance, 0 to 1."
    )

    @property
    def said(self) -> JsonObject:
        names = RetryForm.base_fields
        place = {name: value for name, value in self.cleaned_data.items() if name not in names}
        rule = {name: self.cleaned_data[name] for name in names}
        return {**place, "retry": {**rule, "on": _AFTER[rule["on"]]}}

    @classmethod
    def initial_of(cls, policy: Policy) -> JsonObject:
        rule: JsonObject = policy.retry or {}
        after = next((name for name, ends in _AFTER.items() if set(ends) == set(rule.get("on", ()))), "both")
        return {**rule, "on": after}


class TimeoutForm(PolicyForm):
    timeout_s = forms.FloatField(
        min_value=0.001,
        max_value=_LONGEST_S,
        label="Longest run (seconds)",
        help_text="The least of the action's own and all policies holds.",
    )


class _Place(forms.Form):
    """Where it holds, and what it is called."""

    name = forms.CharField(max_length=255, label="Name")
    scope = forms.ChoiceField(
        choices=[
            (Policy.Scope.ACTION.value, "one action"),
            (Policy.Scope.PACK.value, "all actions of a pack"),
            (Policy.Scope.SYSTEM.value, "everything"),
        ],
        label="Holds for",
    )
    subject = forms.CharField(
        max_length=255, required=False, label="Action or pack", help_text="Its ref; empty when it holds for everything."
    )
    field_order = ["name", "scope", "subject", "limit", "window_s"]


class NewConcurrencyForm(_Place, ConcurrencyForm):
    pass


class NewRateForm(_Place, RateForm):
    pass


class NewRetryForm(_Place, RetryForm):
    pass


class NewTimeoutForm(_Place, TimeoutForm):
    pass


FORMS: Mapping[str, type[PolicyForm]] = {
    Policy.Kind.CONCURRENCY: ConcurrencyForm,
    Policy.Kind.RATE: RateForm,
    Policy.Kind.RETRY: RetryForm,
    Policy.Kind.TIMEOUT: TimeoutForm,
}
NEW_FORMS: Mapping[str, type[Any]] = {
    Policy.Kind.CONCURRENCY: NewConcurrencyForm,
    Policy.Kind.RATE: NewRateForm,
    Policy.Kind.RETRY: NewRetryForm,
    Policy.Kind.TIMEOUT: NewTimeoutForm,
}
#: What a kind is for, in the order in which they are offered.
KINDS = (
    (Policy.Kind.CONCURRENCY.value, "At a time"),
    (Policy.Kind.RATE.value, "In a time"),
    (Policy.Kind.RETRY.value, "Tries"),
    (Policy.Kind.TIMEOUT.value, "Longest run"),
)
