"""The form that moves a policy's limit, on the page of a gate and on that of a policy."""

from django import forms
from django.http import QueryDict

from apps.console.forms import ConsoleForm
from apps.core.errors import Invalid
from apps.executions.models import Policy
from apps.executions.policies.services import set_limit

#: As REST has it.
MOST = 1_000_000


class LimitForm(ConsoleForm):
    limit = forms.IntegerField(min_value=0, max_value=MOST, label="Limit")


def move_limit(policy: Policy, given: QueryDict) -> str:
    """`limit` as given, or with `reset` the one of its file. Tells what holds now. Raises `Invalid`."""
    if "reset" in given:
        set_limit(policy, None)
        return f"{policy.name} has the limit of its file again: {policy.limit_in_force}."
    form = LimitForm(given)
    if not form.is_valid():
        raise Invalid(f"The limit was not moved: {form.errors['limit'][0]}")
    limit = form.cleaned_data["limit"]
    set_limit(policy, limit)
    if limit == 0:
        return f"{policy.name} is paused: nobody is let in until its limit is raised. Who runs goes on running."
    return f"The limit of {policy.name} is {limit} now."
