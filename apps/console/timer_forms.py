"""Forms about timers: which times one would have, and which of the past are to be brought back. What the services of
timers check is left to them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from apps.console.forms import ConsoleForm
from apps.core.types import JsonObject
from apps.triggers.timers.reading import CRON, DATE, INTERVAL, UNITS_S

_PLAIN = {"spellcheck": "false", "autocomplete": "off"}
_MOMENT = "%Y-%m-%dT%H:%M"


def _zone(what: str) -> forms.CharField:
    return forms.CharField(
        label="Time zone", required=False, max_length=100, help_text=f"{what}: Europe/Berlin. Empty: UTC.",
        widget=forms.TextInput(attrs=_PLAIN),
    )  # fmt: skip


class PreviewForm(ConsoleForm):
    """Its fields are the parameters of a trigger type; one that is left empty is not given."""

    @property
    def parameters(self) -> JsonObject:
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class CronForm(PreviewForm):
    expression = forms.CharField(
        label="Expression",
        max_length=200,
        required=False,
        help_text="minute hour day month weekday, or six fields with the second first: 0 9 * * mon-fri",
        widget=forms.TextInput(attrs={**_PLAIN, "class": "a-input a-mono"}),
    )
    timezone = _zone("Of its fields")


class IntervalForm(PreviewForm):
    delta = forms.IntegerField(label="Every", required=False, help_text="So many units between two times.")
    unit = forms.ChoiceField(label="Unit", required=False, choices=[(name, name) for name in UNITS_S])
    start = forms.CharField(
        label="Start",
        required=False,
        max_length=100,
        help_text="The first time, with its offset: 2026-01-31T12:00:00Z. Empty: when a rule first listens.",
        widget=forms.TextInput(attrs=_PLAIN),
    )


class DateForm(PreviewForm):
    date = forms.CharField(
        label="Date",
        required=False,
        max_length=100,
        help_text="2026-01-31T12:00:00, in the time zone, or with an offset of its own.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    timezone = _zone("Of a date without an offset")


class BackfillForm(ConsoleForm):
    begin = forms.DateTimeField(
        label="From (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
    )
    end = forms.DateTimeField(
        label="To (UTC)",
        help_text="Both included. What is yet to come is left to the timer.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
    )


#: By the trigger type, in the order in which they are offered.
PREVIEWS: Mapping[str, type[Any]] = {CRON: CronForm, INTERVAL: IntervalForm, DATE: DateForm}
